"""The loops for CUDA equal the plain ones to the bit in Triton's interpreter, and compile without a device.

CI has no Triton: it is 300 MB, and CUDA builds of PyTorch, for which it is, bring it.
"""

import itertools
import os
import subprocess
import sys

import pytest
import torch

from snnfpga.network.neuron import credits, integrate
from snnfpga.network.neurons.lif import compiled_leak
from snnfpga.network.surrogates import area_of, gates
from tests import networks

SHAPE = (9, 5, 461)     # not whole programs


def test_equal_to_the_plain_loops():
    """In a process of its own: Triton reads when it is imported whether it is to interpret."""
    pytest.importorskip("triton", reason="Triton is not installed; pip install triton")
    done = subprocess.run([sys.executable, "-m", __name__], env=os.environ | {"TRITON_INTERPRET": "1"}, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "18 cases\n"


def compare():
    """Each case once."""
    from snnfpga.network import scan_triton as loops

    cases = list(itertools.product(
        (None, 1, 3), ("subtract", "zero", 33),
        ({}, {"surrogate": "triangle", "surrogate_width": 3, "surrogate_height": 4})))
    for leak, reset, shape in cases:
        resets = {"reset": reset} if isinstance(reset, str) else {"reset_amount": reset}
        spec = networks.layer(outputs=SHAPE[-1], leak_shift=leak, **resets, **shape)
        generator = torch.Generator().manual_seed(5)
        currents = torch.randint(-60, 75, SHAPE, generator=generator).float()
        before = torch.randint(-128, 128, SHAPE[1:], generator=generator).float()
        for threshold in (torch.randint(5, 40, SHAPE[-1:], generator=generator).float(), spec.neuron.threshold):
            spikes, gate, after = loops.charge_fire_reset(currents, before, threshold, spec, compiled_leak(spec.neuron))
            wanted, charged, left = integrate(currents, before, threshold, spec)
            assert torch.equal(spikes, wanted)
            assert torch.equal(gate, gates(charged, threshold, spec.surrogate))
            assert torch.equal(after, left)
        grad = torch.randn(SHAPE, generator=generator)
        fired = spikes.to(torch.bool) if reset == "zero" else None
        keep = 1.0 if leak is None else 1.0 - 2.0 ** -leak
        for signal in (grad, grad[:1].expand(SHAPE), grad[:1]):
            gate, fired = gate[:len(signal)], None if fired is None else fired[:len(signal)]
            assert torch.equal(loops.credits(signal, gate, fired, area_of(spec.surrogate), keep),
                               credits(signal, gate, fired, area_of(spec.surrogate), keep))
    print(len(cases), "cases")


@pytest.mark.parametrize("capability", [75, 90])
def test_compiles_without_sums_in_one_rounding(capability):
    triton = pytest.importorskip("triton", reason="Triton is not installed; pip install triton")
    from snnfpga.network import scan_triton as loops

    floats, bytes_, number = "*fp32", "*u8", "i32"
    forward = {"currents": floats, "membrane": floats, "thresholds": floats, "spikes": floats, "gates": bytes_,
               "neurons": number, "steps": number,
               **dict.fromkeys(("leak", "lowest", "highest", "width", "height", "amount"), "fp32")}
    backward = {"grad": floats, "gates": bytes_, "fired": bytes_, "found": floats, "neurons": number,
                "steps": number, "stride": number, "area": "fp32", "keep": "fp32"}
    for chosen in (True, False):
        for kernel, signature, constants in (
                (loops._forward, forward, {"ZERO": chosen, "AMOUNT": not chosen, "TRIANGLE": chosen}),
                (loops._backward, backward, {"STOPS": chosen})):
            constants = {**constants, "SIZE": loops.BLOCK}
            source = triton.compiler.ASTSource(
                fn=kernel, signature={**signature, **dict.fromkeys(constants, "constexpr")}, constexprs=constants)
            made = triton.compile(source, target=triton.backends.compiler.GPUTarget("cuda", capability, 32),
                                  options=loops.EXACT)
            assert made.asm["cubin"]
            assert "fma" not in made.asm["ptx"]


if __name__ == "__main__":
    compare()

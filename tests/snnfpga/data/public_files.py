"""Files as the public event sets have them, with events of the tests' own: mappings of t (us), x, y, p."""

import struct

import numpy as np


def write_nmnist(path, events):
    """40 bits an event: x, y, polarity, 23 bits of time; y = 240 where 2^13 us are added to all that follow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words, added = [], 0
    for t, x, y, p in zip(*(events[name].tolist() for name in "txyp"), strict=True):
        while t - added >= 1 << 23:
            words.append(bytes((0, 240, 0, 0, 0)))
            added += 1 << 13
        words.append(bytes((x, y)) + (p << 23 | t - added).to_bytes(3, "big"))
    path.write_bytes(b"".join(words))


def write_gesture(path, events):
    """An array (events, 4) of x, y, p, and time in milliseconds, as tonic's archive has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.stack([events["x"], events["y"], events["p"], events["t"] / 1000], axis=1).astype(np.float64))


def write_hsd(path, samples, labels):
    """HDF5 of Heidelberg: times in seconds, units, labels."""
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", len(samples), h5py.vlen_dtype(np.float16))
        units = file.create_dataset("spikes/units", len(samples), h5py.vlen_dtype(np.uint16))
        for index, events in enumerate(samples):
            times[index], units[index] = events["t"] / 1e6, events["x"]
        file["labels"] = np.array(labels, np.uint16)
        file["extra/speaker"] = np.zeros(len(samples), np.uint16)
        file["extra/keys"] = np.array([b"null", b"eins"])


def write_aedat4(path, events):
    """AEDAT 4.0 without compression: a header and one packet, size-prefixed flatbuffers both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    info = (b'<dv version="2.0"><node name="outInfo" path="/outInfo/"><node name="0" path="/outInfo/0/">'
            b'<attr key="compression" type="string">NONE</attr><attr key="typeIdentifier" type="string">EVTS</attr>'
            b'<node name="info" path="/outInfo/0/info/"><attr key="sizeX" type="int">128</attr>'
            b'<attr key="sizeY" type="int">128</attr></node></node></node></dv>')
    # A table of three fields, of which the last, the text, is there; the others have their defaults.
    header = struct.pack("<I4s5HxxiII", 20, b"IOHE", 10, 8, 0, 0, 4, 12, 4, len(info)) + info + b"\0"
    # A table of one field: a vector of structures of 16 bytes.
    records = b"".join(struct.pack("<qhh?xxx", t, x, y, bool(p)) for t, x, y, p in zip(
        *(events[name].tolist() for name in "txyp"), strict=True))
    packet = struct.pack("<I4s3HxxiIxxxxI", 16, b"EVTS", 6, 8, 4, 8, 8, len(events["t"])) + records
    framed = [struct.pack("<I", len(part)) + part for part in (header, packet)]
    path.write_bytes(b"#!AER-DAT4.0\r\n" + framed[0] + struct.pack("<iI", 0, len(framed[1])) + framed[1])

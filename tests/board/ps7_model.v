// The ports of the primitives that the fabric uses, for simulation: the bench drives the processor's side.
module PS7 (
    output [3:0] FCLKCLK, output [3:0] FCLKRESETN, input MAXIGP0ACLK,
    output [31:0] MAXIGP0AWADDR, output [11:0] MAXIGP0AWID, output [3:0] MAXIGP0AWLEN, output [1:0] MAXIGP0AWSIZE,
    output [1:0] MAXIGP0AWBURST, output MAXIGP0AWVALID, input MAXIGP0AWREADY,
    output [31:0] MAXIGP0WDATA, output [3:0] MAXIGP0WSTRB, output MAXIGP0WVALID, input MAXIGP0WREADY,
    input [11:0] MAXIGP0BID, input [1:0] MAXIGP0BRESP, input MAXIGP0BVALID, output MAXIGP0BREADY,
    output [31:0] MAXIGP0ARADDR, output [11:0] MAXIGP0ARID, output [3:0] MAXIGP0ARLEN, output [1:0] MAXIGP0ARSIZE,
    output [1:0] MAXIGP0ARBURST, output MAXIGP0ARVALID, input MAXIGP0ARREADY,
    input [31:0] MAXIGP0RDATA, input [11:0] MAXIGP0RID, input [1:0] MAXIGP0RRESP, input MAXIGP0RLAST,
    input MAXIGP0RVALID, output MAXIGP0RREADY
);
    reg clock = 0, reset_n = 0;
    reg [31:0] awaddr = 0, wdata = 0, araddr = 0;
    reg [11:0] awid = 0, arid = 0;
    reg awvalid = 0, wvalid = 0, bready = 0, arvalid = 0, rready = 0;
    always #5 clock = ~clock;
    assign FCLKCLK = {3'b000, clock};
    assign FCLKRESETN = {3'b000, reset_n};
    assign MAXIGP0AWADDR = awaddr;
    assign MAXIGP0AWID = awid;
    assign MAXIGP0AWLEN = 0;
    assign MAXIGP0AWSIZE = 2;
    assign MAXIGP0AWBURST = 1;
    assign MAXIGP0AWVALID = awvalid;
    assign MAXIGP0WDATA = wdata;
    assign MAXIGP0WSTRB = 15;
    assign MAXIGP0WVALID = wvalid;
    assign MAXIGP0BREADY = bready;
    assign MAXIGP0ARADDR = araddr;
    assign MAXIGP0ARID = arid;
    assign MAXIGP0ARLEN = 0;
    assign MAXIGP0ARSIZE = 2;
    assign MAXIGP0ARBURST = 1;
    assign MAXIGP0ARVALID = arvalid;
    assign MAXIGP0RREADY = rready;
endmodule

module BUFG (input I, output O);
    assign O = I;
endmodule

module OBUFT (input I, input T, output O);
    assign O = T ? 1'bz : I;
endmodule

module FDPE #(parameter INIT = 1'b1) (output reg Q = INIT, input C, input CE, input D, input PRE);
    always @(posedge C, posedge PRE) if (PRE) Q <= 1; else if (CE) Q <= D;
endmodule

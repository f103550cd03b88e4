// A counter with reset and enable: what yosys turns into JSON in real_programs.sh.
module counter #(parameter WIDTH = 8) (
	input wire clk,
	input wire reset,
	input wire enable,
	output reg [WIDTH-1:0] value,
	output wire last
);
	assign last = &value;
	always @(posedge clk)
		if (reset)
			value <= 0;
		else if (enable)
			value <= value + 1;
endmodule

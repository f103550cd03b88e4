/* On a machine that has nobody who makes quotes the rest of /dev/attestation works. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t fd;

	EXPECT(NOTSUP, path_open(ROOT, 0, S("quote"), 0, READ, 0, 0, &fd));
	CHECK(stat_fd(open_file("report", 0, READ)).size == 432);
	CHECK(stat_fd(open_file("claims", 0, READ)).size > 64);
	fd = open_file("target_info", TRUNC, BOTH);
	CHECK(put(fd, "this is nobody's target: its reserved bytes are set, all along and to the "
		      "end, far behind the measurement and the attributes; and so on") > 100);
	EXPECT(INVAL, path_open(ROOT, 0, S("report"), 0, READ, 0, 0, &fd));
	CHECK(exists("user_report_data") && exists("keys"));
	return 0;
}

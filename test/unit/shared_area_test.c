/* What the enclave says about the end of a program, as the host takes it: every claim that is off. */
#include "host/shared_area.h"

#include <stdlib.h>

#include "test/lib/check.h"

static struct shared_area g_area;
static struct host_run_result g_result;

static void set_up(void)
{
	static const uint8_t bytes[5] = {1, 2, 3, 4, 5};
	const struct host_run_request request = {.launch_record = {bytes, 3}, .module = {bytes, 5}};

	memset(&g_result, 0, sizeof(g_result));
	CHECK_EQ(shared_area_init(&g_area, 2, &request), E_OK);
}

static void tear_down(void)
{
	host_run_result_fini(&g_result);
	shared_area_fini(&g_area);
}

/* The result with `size` bytes of data behind it, in the slot of thread 1. */
static enum err take(const struct run_result *end, const void *data, size_t size)
{
	uint8_t *slot = shared_area_slot(&g_area, 1);

	memset(slot, 0xee, SHARED_SLOT_SIZE);
	memcpy(slot, end, sizeof(*end));
	if (size != 0)
		memcpy(slot + SHARED_SLOT_DATA_OFF, data, size);
	return shared_area_result(&g_area, 1, &g_result);
}

static enum err verdict(const struct run_result *end, const void *data, size_t size)
{
	set_up();
	enum err err = take(end, data, size);

	tear_down();
	return err;
}

TEST(header_is_what_the_enclave_expects)
{
	struct shared_header h;

	set_up();
	memcpy(&h, g_area.base, sizeof(h));
	CHECK_EQ(h.magic, SHARED_MAGIC);
	CHECK_EQ(h.abi_version, ABI_VERSION);
	CHECK_EQ(h.size, g_area.size);
	CHECK_EQ(h.thread_count, 2);
	CHECK(h.launch_size == 3 && g_area.base[h.launch_off + 2] == 3);
	CHECK(h.module_size == 5 && g_area.base[h.module_off + 4] == 5);
	CHECK(h.slots_off + 2 * SHARED_SLOT_SIZE <= h.launch_off);
	CHECK(h.launch_off + h.launch_size <= h.module_off);
	CHECK(h.mode == RUN_MODE_RUN && h.connection == 0 && h.nonce[0] == 0 && h.nonce[31] == 0);
	tear_down();
}

TEST(a_delivery_has_its_connection_and_nonce_and_nothing_else)
{
	struct host_run_request request = {.deploy = true, .connection = 77};
	struct shared_header h;

	memset(request.nonce, 0x5a, sizeof(request.nonce));
	CHECK_EQ(shared_area_init(&g_area, 2, &request), E_OK);
	memcpy(&h, g_area.base, sizeof(h));
	CHECK_EQ(h.mode, RUN_MODE_DEPLOY);
	CHECK_EQ(h.connection, HOST_HANDLE_MOUNTS); /* a handle of the service, no descriptor */
	CHECK(memcmp(h.nonce, request.nonce, sizeof(h.nonce)) == 0);
	CHECK(h.launch_size == 0 && h.module_size == 0);
	shared_area_fini(&g_area);
}

TEST(result_is_taken_whole)
{
	struct {
		struct run_frame frame[2];
		char name[8];
		struct run_value value;
		char text[4];
	} data = {.frame = {{7, 100, 0, 0}, {8, 200, 3, 0}},
		  .name = "abc",
		  .value = {0x7f, 42},
		  .text = "text"};
	const struct run_result end = {
		.kind = RUN_TRAPPED, .code = 1, .frame_count = 2, .value_count = 1, .text_size = 4};

	set_up();
	CHECK_EQ(take(&end, &data, sizeof(data)), E_OK);
	CHECK_EQ(g_result.frames[1].func, 8);
	CHECK(g_result.frame_names[0] == NULL);
	CHECK(strcmp(g_result.frame_names[1], "abc") == 0);
	CHECK_EQ(g_result.values[0].bits, 42);
	CHECK(memcmp(g_result.text, "text", 5) == 0);
	tear_down();
}

TEST(unknown_kinds_are_refused)
{
	struct run_result end = {.kind = RUN_EXITED};

	CHECK_EQ(verdict(&end, NULL, 0), E_OK);
	end.kind = 0;
	CHECK_EQ(verdict(&end, NULL, 0), E_MALFORMED);
	end.kind = RUN_KIND_END;
	CHECK_EQ(verdict(&end, NULL, 0), E_MALFORMED);
	end.kind = UINT32_MAX;
	CHECK_EQ(verdict(&end, NULL, 0), E_MALFORMED);
}

TEST(reserved_fields_are_zero)
{
	struct run_result end;

	for (size_t i = 0; i < 3; i++) {
		end = (struct run_result){.kind = RUN_EXITED};
		end.reserved2[i] = 1;
		CHECK_EQ(verdict(&end, NULL, 0), E_MALFORMED);
	}
	struct run_frame frame = {.reserved = 1};

	end = (struct run_result){.kind = RUN_TRAPPED, .frame_count = 1};
	CHECK_EQ(verdict(&end, &frame, sizeof(frame)), E_MALFORMED);
	frame.reserved = 0;
	CHECK_EQ(verdict(&end, &frame, sizeof(frame)), E_OK);
}

TEST(counts_are_bounded)
{
	static struct run_frame frames[RUN_FRAMES_MAX + 1];
	static struct run_value values[RUN_VALUES_MAX + 1];
	struct run_result end = {.kind = RUN_TRAPPED, .frame_count = RUN_FRAMES_MAX};

	CHECK_EQ(verdict(&end, frames, sizeof(frames)), E_OK);
	end.frame_count = RUN_FRAMES_MAX + 1;
	CHECK_EQ(verdict(&end, frames, sizeof(frames)), E_MALFORMED);
	end = (struct run_result){.kind = RUN_EXITED, .value_count = RUN_VALUES_MAX};
	CHECK_EQ(verdict(&end, values, sizeof(values)), E_OK);
	end.value_count = RUN_VALUES_MAX + 1;
	CHECK_EQ(verdict(&end, values, sizeof(values)), E_MALFORMED);
	end = (struct run_result){.kind = RUN_REFUSED, .text_size = SHARED_SLOT_DATA_SIZE};
	CHECK_EQ(verdict(&end, NULL, 0), E_OK);
	end.text_size++;
	CHECK_EQ(verdict(&end, NULL, 0), E_MALFORMED);
	end = (struct run_result){
		.kind = RUN_EXITED, .value_count = 1, .text_size = SHARED_SLOT_DATA_SIZE - 15};
	CHECK_EQ(verdict(&end, values, 16), E_MALFORMED); /* one byte more than there is */
	end.text_size--;
	CHECK_EQ(verdict(&end, values, 16), E_OK);
}

TEST(volumes_are_told_once_each_and_bounded)
{
	static struct run_volume volumes[RUN_VOLUMES_MAX + 1];
	struct run_result end = {.kind = RUN_EXITED, .volume_count = RUN_VOLUMES_MAX};

	for (uint32_t i = 0; i < COUNT_OF(volumes); i++)
		volumes[i] = (struct run_volume){.mount = 2 * i, .sequence = i + 1};
	CHECK_EQ(verdict(&end, volumes, sizeof(volumes)), E_OK);
	end.volume_count++;
	CHECK_EQ(verdict(&end, volumes, sizeof(volumes)), E_MALFORMED);
	end.volume_count = 2;
	CHECK_EQ(verdict(&end, volumes, sizeof(volumes)), E_OK);
	volumes[1].mount = volumes[0].mount;
	CHECK_EQ(verdict(&end, volumes, sizeof(volumes)), E_MALFORMED);
	volumes[1].mount = 1;
	volumes[1].reserved = 1;
	CHECK_EQ(verdict(&end, volumes, sizeof(volumes)), E_MALFORMED);
	end.volume_count = 1;
	end.text_size = SHARED_SLOT_DATA_SIZE - sizeof(volumes[0]) + 1;
	CHECK_EQ(verdict(&end, volumes, 0), E_MALFORMED); /* one byte more than there is */
}

TEST(names_of_frames_are_bounded)
{
	struct run_frame frame = {.name_size = RUN_NAME_MAX};
	const struct run_result end = {.kind = RUN_TRAPPED, .frame_count = 1};

	CHECK_EQ(verdict(&end, &frame, sizeof(frame)), E_OK);
	frame.name_size = RUN_NAME_MAX + 1;
	CHECK_EQ(verdict(&end, &frame, sizeof(frame)), E_MALFORMED);
	frame.name_size = UINT32_MAX;
	CHECK_EQ(verdict(&end, &frame, sizeof(frame)), E_MALFORMED);
}

/* What comes as bytes: every length but the right one is refused. */
TEST(a_result_as_bytes_is_taken_whole_or_not_at_all)
{
	struct {
		struct run_result end;
		struct run_frame frame;
		char name[8];
		struct run_value value;
		char text[4];
	} bytes = {.end = {.kind = RUN_TRAPPED,
			   .code = 1,
			   .frame_count = 1,
			   .value_count = 1,
			   .text_size = 4},
		   .frame = {8, 200, 3, 0},
		   .name = "abc",
		   .value = {0x7f, 42},
		   .text = "text"};
	const size_t size = sizeof(bytes) - 4; /* without the padding of this structure */
	uint8_t copy[sizeof(bytes)];

	memcpy(copy, &bytes, sizeof(copy));
	for (size_t i = 0; i <= sizeof(copy); i++) {
		memset(&g_result, 0, sizeof(g_result));
		CHECK_EQ(host_run_result_decode(&g_result, copy, i),
			 i == size ? E_OK : E_MALFORMED);
		if (i == size)
			CHECK(strcmp(g_result.frame_names[0], "abc") == 0 &&
			      g_result.values[0].bits == 42 &&
			      memcmp(g_result.text, "text", 5) == 0);
		host_run_result_fini(&g_result);
	}
	copy[0] = RUN_DELIVERED; /* what the host is told, never the owner */
	CHECK_EQ(host_run_result_decode(&g_result, copy, size), E_MALFORMED);
	host_run_result_fini(&g_result);
}

int main(void)
{
	RUN(a_delivery_has_its_connection_and_nonce_and_nothing_else);
	RUN(a_result_as_bytes_is_taken_whole_or_not_at_all);
	RUN(header_is_what_the_enclave_expects);
	RUN(result_is_taken_whole);
	RUN(unknown_kinds_are_refused);
	RUN(reserved_fields_are_zero);
	RUN(counts_are_bounded);
	RUN(volumes_are_told_once_each_and_bounded);
	RUN(names_of_frames_are_bounded);
	return check_report();
}

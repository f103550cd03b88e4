/* service: a volume's file as memory for reading, and its bounds. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/service/impl.h"
#include "hostcall/hostcall.h"
#include "test/lib/check.h"
#include "test/lib/direct_transport.h"

#define VOLUME	  3u
#define READ_ONLY 4u
#define DIRECTORY 5u
#define PAGE	  4096u

static struct host_service g_service;
static int g_fd = -1;

/* A file of three pages without a name: 'a', 'b', 'c' and five bytes more of 'd'. */
static int new_file(void)
{
	char path[] = "/tmp/retwine-map-XXXXXX", page[PAGE];
	const int fd = mkstemp(path);

	CHECK(fd >= 0 && unlink(path) == 0);
	for (int i = 0; i < 4; i++) {
		memset(page, 'a' + i, sizeof page);
		const size_t size = i < 3 ? sizeof page : 5;

		CHECK_EQ(write(fd, page, size), size);
	}
	return fd;
}

static void set_up(void)
{
	const int dir = open("/", O_RDONLY | O_DIRECTORY);

	g_fd = new_file();
	const struct service_mount mounts[] = {
		{.dir_fd = g_fd, .volume = true},
		{.dir_fd = g_fd, .read_only = true, .volume = true},
		{.dir_fd = dir, .read_only = true},
	};
	const struct service_config config = {
		.stream_fd = {-1, -1, -1}, .mounts = mounts, .mount_count = COUNT_OF(mounts)};

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	close(dir);
	direct_transport_use(&g_service);
}

static void tear_down(void)
{
	service_fini(&g_service);
	close(g_fd);
}

/* Is anything mapped there? */
static bool is_mapped(uint64_t address)
{
	unsigned char there;

	return mincore((void *)(uintptr_t)address, PAGE, &there) == 0 || errno != ENOMEM;
}

TEST(a_mapping_shows_the_file)
{
	struct host_mapping m, other;
	char got[2 * PAGE];

	set_up();
	CHECK_EQ(hostcall_map(VOLUME, &m), HOST_SUCCESS);
	CHECK(m.size >= 1 << 30 && m.size <= HOST_MAP_MAX);
	CHECK_EQ(hostcall_map_read(got, &m, PAGE, 2 * PAGE), E_OK);
	CHECK(got[0] == 'b' && got[PAGE - 1] == 'b' && got[PAGE] == 'c' &&
	      got[2 * PAGE - 1] == 'c');
	CHECK_EQ(hostcall_map(READ_ONLY, &other), HOST_SUCCESS);
	CHECK_EQ(hostcall_map_read(got, &other, 3 * PAGE, 5), E_OK);
	CHECK(memcmp(got, "ddddd", 5) == 0);
	hostcall_unmap(&m);
	hostcall_unmap(&other);
	tear_down();
}

TEST(what_is_written_is_seen_and_a_file_may_grow)
{
	struct host_mapping m;
	char got[8];
	size_t done;

	set_up();
	CHECK_EQ(hostcall_map(VOLUME, &m), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(VOLUME, "changed!", 8, PAGE, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_map_read(got, &m, PAGE, 8), E_OK);
	CHECK(memcmp(got, "changed!", 8) == 0);
	CHECK_EQ(hostcall_set_size(VOLUME, 1 << 20), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(VOLUME, "the  end", 8, (1 << 20) - 8, &done), HOST_SUCCESS);
	CHECK_EQ(hostcall_map_read(got, &m, (1 << 20) - 8, 8), E_OK);
	CHECK(memcmp(got, "the  end", 8) == 0);
	hostcall_unmap(&m);
	tear_down();
}

TEST(a_mapping_cannot_be_written)
{
	struct host_mapping m;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[300], wanted[40];
	bool found = false;

	set_up();
	CHECK_EQ(hostcall_map(VOLUME, &m), HOST_SUCCESS);
	snprintf(wanted, sizeof wanted, "%llx-%llx r--s", (unsigned long long)m.address,
		 (unsigned long long)(m.address + m.size));
	rewind(maps);
	while (fgets(line, sizeof line, maps))
		found = found || strncmp(line, wanted, strlen(wanted)) == 0;
	fclose(maps);
	CHECK(found);
	hostcall_unmap(&m);
	tear_down();
}

TEST(a_mapping_goes_with_its_handle)
{
	struct host_mapping m, other;

	set_up();
	CHECK_EQ(hostcall_map(VOLUME, &m), HOST_SUCCESS);
	CHECK_EQ(hostcall_map(READ_ONLY, &other), HOST_SUCCESS);
	const uint64_t first = m.address, second = other.address;

	hostcall_unmap(&m);
	hostcall_unmap(&other);
	CHECK(is_mapped(first) && is_mapped(second));
	CHECK_EQ(hostcall_close(VOLUME), HOST_SUCCESS);
	CHECK(!is_mapped(first) && is_mapped(second));
	CHECK_EQ(hostcall_map(VOLUME, &m), HOST_BADF);
	tear_down();
	CHECK(!is_mapped(second));
}

TEST(only_a_volume_is_mapped)
{
	struct host_mapping m = {0};
	uint32_t file;

	set_up();
	CHECK_EQ(hostcall_map(DIRECTORY, &m), HOST_NOTSUP);
	CHECK_EQ(hostcall_map(HOST_HANDLE_STDIN, &m), HOST_BADF);
	CHECK_EQ(hostcall_open(DIRECTORY, (struct name){"etc", 3}, HOST_OPEN_READ, &file),
		 HOST_SUCCESS);
	CHECK_EQ(hostcall_map(file, &m), HOST_NOTSUP);
	CHECK_EQ(hostcall_ahead(file, 0, PAGE), HOST_NOTSUP);
	CHECK_EQ(m.size, 0);
	tear_down();
}

TEST(a_volume_is_a_regular_file_and_a_directory_is_none)
{
	const int dir = open("/", O_RDONLY | O_DIRECTORY), file = new_file();
	const int null = open("/dev/null", O_RDWR);
	const struct service_mount wrong[] = {{.dir_fd = dir, .volume = true},
					      {.dir_fd = null, .volume = true},
					      {.dir_fd = file}};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct service_config config = {
			.stream_fd = {-1, -1, -1}, .mounts = &wrong[i], .mount_count = 1};

		CHECK_EQ(service_init(&g_service, &config), E_INVALID);
	}
	close(dir);
	close(file);
	close(null);
}

TEST(reading_ahead_stays_inside_the_file)
{
	set_up();
	CHECK_EQ(hostcall_ahead(VOLUME, 0, PAGE), HOST_SUCCESS);
	CHECK_EQ(hostcall_ahead(VOLUME, 5, 3 * PAGE), HOST_SUCCESS);
	CHECK_EQ(hostcall_ahead(VOLUME, 0, INT64_MAX), HOST_SUCCESS);
	CHECK_EQ(hostcall_ahead(VOLUME, INT64_MAX - 1, 1), HOST_SUCCESS);
	CHECK_EQ(hostcall_ahead(VOLUME, 0, 0), HOST_INVAL);
	CHECK_EQ(hostcall_ahead(VOLUME, INT64_MAX, 1), HOST_INVAL);
	CHECK_EQ(hostcall_ahead(VOLUME, UINT64_MAX, 2), HOST_INVAL);
	CHECK_EQ(hostcall_set_size(VOLUME, 0), HOST_SUCCESS);
	CHECK_EQ(hostcall_ahead(VOLUME, 0, PAGE), HOST_SUCCESS);
	tear_down();
}

TEST(a_read_only_volume_stays_as_it_is)
{
	size_t done;

	set_up();
	CHECK_EQ(hostcall_pwrite(READ_ONLY, "x", 1, 0, &done), HOST_ROFS);
	CHECK_EQ(hostcall_set_size(READ_ONLY, 0), HOST_ROFS);
	CHECK_EQ(hostcall_allocate(READ_ONLY, 0, 1), HOST_ROFS);
	tear_down();
}

/* How many of the first pages are in memory, as far as this process has them in its tables. */
static uint64_t pages_present(uint64_t address, uint64_t pages)
{
	const int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry, count = 0;

	for (uint64_t i = 0; i < pages; i++)
		if (pread(fd, &entry, 8, (off_t)((address / PAGE + i) * 8)) == 8)
			count += entry >> 63;
	close(fd);
	return count;
}

/* A sparse file is large for nothing; who asks for all of it gets some. */
TEST(reading_ahead_is_bounded)
{
	const uint64_t pages = (256u << 20) / PAGE;
	struct host_mapping m;

	set_up();
	CHECK_EQ(hostcall_map(VOLUME, &m), HOST_SUCCESS);
	CHECK_EQ(hostcall_set_size(VOLUME, pages * PAGE), HOST_SUCCESS);
	CHECK_EQ(hostcall_ahead(VOLUME, 0, pages * PAGE), HOST_SUCCESS);
	const uint64_t present = pages_present(m.address, pages);

	CHECK(present != 0 && present <= (16u << 20) / PAGE);
	hostcall_unmap(&m);
	tear_down();
}

/* What lies behind the mapping is not the enclave's to have made present. */
TEST(reading_ahead_stays_inside_the_mapping)
{
	uint8_t *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct service_file file = {.fd = new_file(), .map = p, .map_size = PAGE};
	static const uint64_t asked[][2] = {
		{0, 8 * PAGE}, {PAGE, PAGE}, {PAGE + 1, 1}, {2 * PAGE, 100}, {5 * PAGE, 3 * PAGE}};

	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		struct service_job job = {.request = {.arg = {VOLUME, asked[i][0], asked[i][1]}}};

		CHECK_EQ(service_do_ahead(&job, &file), HOST_SUCCESS);
	}
	CHECK_EQ(pages_present((uint64_t)(uintptr_t)p, 1), 1);
	CHECK_EQ(pages_present((uint64_t)(uintptr_t)p + PAGE, 7), 0);
	munmap(p, 8 * PAGE);
	close(file.fd);
}

/* Requests that no stub makes. */
TEST(requests_out_of_form_are_refused)
{
	static ALIGNED(8) uint8_t slot[SHARED_SLOT_SIZE];
	static const struct call_request wrong[] = {
		{.call = HOST_CALL_MAP, .arg = {VOLUME}, .out_max = 15},
		{.call = HOST_CALL_MAP, .arg = {VOLUME}, .out_max = 17},
		{.call = HOST_CALL_MAP, .arg = {VOLUME}, .out_max = 0},
		{.call = HOST_CALL_MAP, .arg = {VOLUME, 1}, .out_max = 16},
		{.call = HOST_CALL_MAP, .arg = {VOLUME}, .out_max = 16, .in_size = 1},
		{.call = HOST_CALL_AHEAD, .arg = {VOLUME, 0, PAGE, 1}},
		{.call = HOST_CALL_AHEAD, .arg = {VOLUME, 0, PAGE}, .out_max = 1},
	};

	set_up();
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct call_reply reply;

		memcpy(slot, &wrong[i], sizeof wrong[i]);
		service_call(&g_service, 0, slot);
		memcpy(&reply, slot + SLOT_REPLY_OFF, sizeof reply);
		CHECK_EQ(reply.error, HOST_INVAL);
	}
	tear_down();
}

/* Without address space there is no mapping, and nothing else is missing. */
TEST(want_of_address_space_is_told)
{
	struct service_file file = {.fd = new_file()};
	struct rlimit old, small;

	CHECK_EQ(getrlimit(RLIMIT_AS, &old), 0);
	small = old;
	small.rlim_cur = 1 << 20;
	CHECK_EQ(setrlimit(RLIMIT_AS, &small), 0);
	service_map_file(&file);
	CHECK_EQ(setrlimit(RLIMIT_AS, &old), 0);
	CHECK(!file.map && file.map_size != 0);
	struct service_job job = {.request = {.arg = {VOLUME, 0, PAGE}}};

	CHECK_EQ(service_do_map(&job, &file), HOST_NOMEM);
	CHECK_EQ(service_do_ahead(&job, &file), HOST_SUCCESS);
	service_unmap_file(&file);
	close(file.fd);
}

int main(void)
{
	RUN(a_mapping_shows_the_file);
	RUN(what_is_written_is_seen_and_a_file_may_grow);
	RUN(a_mapping_cannot_be_written);
	RUN(a_mapping_goes_with_its_handle);
	RUN(only_a_volume_is_mapped);
	RUN(a_volume_is_a_regular_file_and_a_directory_is_none);
	RUN(reading_ahead_stays_inside_the_file);
	RUN(a_read_only_volume_stays_as_it_is);
	RUN(reading_ahead_is_bounded);
	RUN(reading_ahead_stays_inside_the_mapping);
	RUN(requests_out_of_form_are_refused);
	RUN(want_of_address_space_is_told);
	return check_report();
}

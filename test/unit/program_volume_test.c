/*
 * The volumes of a program, from launch record to the told state: who may open one (image, signer, product,
 * versions, arguments), what a start says of it, and that every failure of host or memory is a refusal. The
 * host is the real service on files.
 */
#include "program/program.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/device/sim.h"
#include "platform/platform.h"
#include "test/lib/check.h"
#include "test/lib/direct_transport.h"
#include "test/lib/machine.h"
#include "test/lib/native.h"
#include "test/lib/native_program.h"
#include "volume/header.h"

/* (module (func (export "_start"))), and the same with unreachable in it */
static const uint8_t g_returns[] = {0,	 'a', 's', 'm', 1, 0, 0,  0,  1, 4, 1,	 0x60,
				    0,	 0,   3,   2,	1, 0, 7,  10, 1, 6, '_', 's',
				    't', 'a', 'r', 't', 0, 0, 10, 4,  1, 2, 0,	 0x0b};
static const uint8_t g_traps[] = {0,   'a', 's', 'm', 1,  0, 0,	 0, 1, 4,   1,	 0x60, 0,
				  0,   3,   2,	 1,   0,  7, 10, 1, 6, '_', 's', 't',  'a',
				  'r', 't', 0,	 0,   10, 5, 1,	 3, 0, 0,   0x0b};

static int g_volume, g_extra;
static struct program_outcome g_out;
static struct launch_mount g_mount;
static struct launch_volume_start g_start;
static struct launch_bytes g_argument;
static bool g_traps_now;
static struct sgx_identity
	g_bent; /* what differs from the machine's enclave: versions, signer, measure */
static uint8_t g_random_byte;
static enum host_call g_call; /* that was not carried out */
static bool g_call_failed;

enum err platform_random(void *out, size_t size)
{
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++)
		p[i] = ++g_random_byte;
	return E_OK;
}

static struct launch_bytes text(const char *s)
{
	return (struct launch_bytes){(const uint8_t *)s, strlen(s)};
}

static void set_up(void)
{
	g_volume = memfd_create("volume", MFD_CLOEXEC);
	g_extra = memfd_create("extra", MFD_CLOEXEC);
	CHECK(g_volume >= 0 && g_extra >= 0);
	g_mount = (struct launch_mount){.guest_path = text("/v"),
					.kind = LAUNCH_MOUNT_VOLUME,
					.key_policy = LAUNCH_KEY_SEAL,
					.label = text("v"),
					.seal_by = LAUNCH_SEAL_ENCLAVE,
					.anchor = LAUNCH_ANCHOR_NONE};
	g_start = (struct launch_volume_start){.create = true};
	g_argument = text("a");
	g_traps_now = false;
	machine_launch((const uint8_t[32]){0});
	g_bent = *machine_self();
	g_bent.isvprodid = 7;
	g_bent.isvsvn = 3;
}

static void tear_down(void)
{
	close(g_volume);
	close(g_extra);
}

static size_t make_record(uint8_t *bytes, uint8_t digest[32])
{
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.mounts = &g_mount,
		.mount_count = 1,
		.argv = &g_argument,
		.argc = 1,
		.starts = &g_start,
		.start_count = g_start.create || g_start.add_seal || g_start.sequence != 0,
	};

	return g_traps_now ? native_program_encode(bytes, digest, &r, g_traps, sizeof(g_traps))
			   : native_program_encode(bytes, digest, &r, g_returns, sizeof(g_returns));
}

/* As the enclave that g_bent says, for the launch. */
static void be_launched(const uint8_t digest[32])
{
	machine_launch(digest);
	memcpy(g_bent.configid, digest, 32);
	*machine_self() = g_bent;
}

/* Call n of the host's (allocation n) fails; -1: none. */
static void run_failing(long call, long allocation)
{
	static struct host_service service;
	static uint8_t bytes[NATIVE_RECORD_MAX];
	uint8_t digest[32];
	const struct service_mount mount = {
		.dir_fd = g_volume, .read_only = g_mount.read_only, .volume = true};
	const struct service_mount extra = {.dir_fd = g_extra};
	const struct service_config config = {
		.stream_fd = {-1, -1, -1},
		.mounts = &mount,
		.mount_count = 1,
		.extras = &extra,
		.extra_count = 1,
	};
	const size_t size = make_record(bytes, digest);

	CHECK_EQ(service_init(&service, &config), E_OK);
	be_launched(digest);
	direct_transport_use(&service);
	direct_transport_fail_at(call, HOST_IO);
	native_heap_fail_at(allocation);
	program_run(&(struct program_input){.launch_record = bytes,
					    .launch_size = size,
					    .module = g_traps_now ? g_traps : g_returns,
					    .module_size = g_traps_now ? sizeof(g_traps)
								       : sizeof(g_returns)},
		    &g_out);
	native_heap_fail_at(-1);
	g_call_failed = direct_transport_failed(&g_call);
	direct_transport_fail_at(-1, HOST_IO);
	service_fini(&service);
}

static void run(void)
{
	run_failing(-1, -1);
}

static bool opened(void)
{
	return g_out.kind == RUN_EXITED && g_out.volume_count == 1 && g_out.volume[0].mount == 0 &&
	       g_out.volume[0].sequence != 0;
}

/* Runs: the volume opens, or is refused with these words and its name. */
static enum err verdict(void)
{
	run();
	if (opened())
		return E_OK;
	CHECK(g_out.kind == RUN_REFUSED && g_out.volume_count == 0);
	CHECK(g_out.text_size == 2 && memcmp(g_out.text, "/v", 2) == 0);
	return (enum err)g_out.code;
}

static off_t file_size(int fd)
{
	return lseek(fd, 0, SEEK_END);
}

TEST(a_volume_is_made_once_and_opened_again)
{
	set_up();
	g_start.create = false;
	CHECK_EQ(verdict(), E_VOLUME_EMPTY);
	CHECK_EQ(file_size(g_volume), 0);
	g_start.create = true;
	CHECK_EQ(verdict(), E_OK);
	const struct run_volume made = g_out.volume[0];

	CHECK_EQ(verdict(), E_OK); /* with create: what is there stays */
	CHECK(memcmp(made.root, g_out.volume[0].root, sizeof(made.root)) == 0);
	g_start.create = false;
	CHECK_EQ(verdict(), E_OK);
	CHECK(memcmp(made.root, g_out.volume[0].root, sizeof(made.root)) == 0);
	g_mount.label = text("w");
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	tear_down();
}

/* Made after the 16 bytes of the id. */
TEST(the_master_key_is_not_left_behind)
{
	uint8_t master[VOLUME_KEY_SIZE];

	set_up();
	g_random_byte = 0;
	for (size_t i = 0; i < sizeof(master); i++)
		master[i] = (uint8_t)(VOLUME_ID_SIZE + 1 + i);
	native_heap_watch(master, sizeof(master));
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(verdict(), E_OK);
	g_mount.anchor = LAUNCH_ANCHOR_FILE; /* another program: refused after it was read */
	CHECK(verdict() != E_OK);
	CHECK(!native_heap_seen());
	native_heap_watch(NULL, 0);
	tear_down();
}

/* The label alone tells them apart: image, program and machine are the same. */
TEST(two_volumes_of_a_program_cannot_be_exchanged)
{
	static struct host_service service;
	static uint8_t bytes[NATIVE_RECORD_MAX];
	uint8_t digest[32];

	set_up();
	const struct launch_mount mounts[2] = {g_mount,
					       {.guest_path = text("/w"),
						.kind = LAUNCH_MOUNT_VOLUME,
						.key_policy = LAUNCH_KEY_SEAL,
						.label = text("w"),
						.seal_by = LAUNCH_SEAL_ENCLAVE,
						.anchor = LAUNCH_ANCHOR_NONE}};
	const struct launch_volume_start starts[2] = {{.create = true},
						      {.mount = 1, .create = true}};
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_NONE,
		.args_policy = LAUNCH_ARGS_ANY,
		.mounts = mounts,
		.mount_count = 2,
		.starts = starts,
		.start_count = 2,
	};
	const size_t size = native_program_encode(bytes, digest, &r, g_returns, sizeof(g_returns));

	for (int i = 0; i < 3; i++) {
		const int first = i < 2 ? g_volume : g_extra, second = i < 2 ? g_extra : g_volume;
		const struct service_mount files[2] = {{.dir_fd = first, .volume = true},
						       {.dir_fd = second, .volume = true}};
		const struct service_config config = {
			.stream_fd = {-1, -1, -1}, .mounts = files, .mount_count = 2};

		CHECK_EQ(service_init(&service, &config), E_OK);
		be_launched(digest);
		direct_transport_use(&service);
		program_run(&(struct program_input){.launch_record = bytes,
						    .launch_size = size,
						    .module = g_returns,
						    .module_size = sizeof(g_returns)},
			    &g_out);
		service_fini(&service);
		if (i < 2) {
			CHECK(g_out.kind == RUN_EXITED && g_out.volume_count == 2);
			/* nobody asked for diagnostics */
			CHECK(g_out.volume[0].used == 0 && g_out.volume[0].cache_hits == 0);
		} else {
			CHECK(g_out.kind == RUN_REFUSED && g_out.code == E_VOLUME_KEY);
		}
	}
	tear_down();
}

/* A start that found no room leaves nothing that would be in the way of the next one. */
TEST(a_volume_that_was_half_made_is_made_anew)
{
	set_up();
	for (long n = 0;; n++) {
		CHECK_EQ(ftruncate(g_volume, 0), 0);
		run_failing(n, -1);
		if (!g_call_failed)
			break;
		if (g_out.kind == RUN_REFUSED && g_call != HOST_CALL_SET_SIZE)
			CHECK_EQ(verdict(), E_OK);
	}
	tear_down();
}

/* The key opens it for another program, which may only read it. */
TEST(a_volume_to_be_read_is_not_written)
{
	static uint8_t before[1 << 17], after[1 << 17];
	const uint8_t key[32] = {1};

	set_up();
	g_mount.key_policy = LAUNCH_KEY_INSECURE;
	g_mount.anchor = LAUNCH_ANCHOR_PINNED;
	CHECK_EQ(pwrite(g_extra, key, sizeof(key), 0), sizeof(key));
	CHECK_EQ(verdict(), E_OK);
	const struct run_volume made = g_out.volume[0];
	const ssize_t size = pread(g_volume, before, sizeof(before), 0);

	g_start = (struct launch_volume_start){.sequence = made.sequence};
	memcpy(g_start.root, made.root, sizeof(made.root));
	g_mount.read_only = true;
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(pread(g_volume, after, sizeof(after), 0), size);
	CHECK(size > 0 && memcmp(before, after, (size_t)size) == 0);
	tear_down();
}

TEST(garbage_is_not_a_volume_and_is_not_made_one)
{
	static const char garbage[40000] = "garbage";

	set_up();
	CHECK_EQ(pwrite(g_volume, garbage, sizeof(garbage), 0), (ssize_t)sizeof(garbage));
	CHECK_EQ(verdict(), E_VOLUME_MAGIC);
	CHECK_EQ(file_size(g_volume), sizeof(garbage));
	tear_down();
}

TEST(a_volume_for_an_enclave_opens_for_its_measurement_alone)
{
	set_up();
	CHECK_EQ(verdict(), E_OK);
	g_bent.mrenclave[3] ^= 1;
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	g_bent.mrenclave[3] ^= 1;
	g_bent.mrsigner[3] ^= 1; /* does not matter then */
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

TEST(a_volume_for_a_signer_opens_for_its_product_alone)
{
	set_up();
	g_mount.seal_by = LAUNCH_SEAL_SIGNER;
	CHECK_EQ(verdict(), E_OK);
	g_bent.mrenclave[3] ^= 1; /* another image of the same signer */
	CHECK_EQ(verdict(), E_OK);
	g_bent.mrsigner[3] ^= 1;
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	g_bent.mrsigner[3] ^= 1;
	g_bent.isvprodid++;
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	g_bent.isvprodid--;
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

/* The header of the volume as it stands there. */
static struct volume_seal_policy sealed_for(void)
{
	static struct volume_header header;
	static uint8_t bytes[16384];
	struct volume_slot_info info = {0};

	CHECK_EQ(pread(g_volume, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
	CHECK_EQ(volume_header_decode(&header, bytes), E_OK);
	CHECK_EQ(header.slot_count, 1);
	CHECK_EQ(volume_slot_info(&info, &header.slots[0]), E_OK);
	return info.seal;
}

TEST(a_newer_image_takes_a_volume_with_it)
{
	set_up();
	g_mount.seal_by = LAUNCH_SEAL_SIGNER;
	CHECK_EQ(verdict(), E_OK);
	CHECK(sealed_for().svn == 3 && sealed_for().product == 7);
	g_bent.isvsvn = 4;
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(sealed_for().svn, 4);
	g_bent.isvsvn = 3; /* who goes back to the older one cannot open it */
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	g_bent.isvsvn = 4;
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

TEST(a_newer_machine_takes_a_volume_with_it)
{
	struct sgx_machine *machine = (struct sgx_machine *)(uintptr_t)sim_machine();

	set_up();
	CHECK_EQ(verdict(), E_OK);
	machine->cpusvn[2] = 5;
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(sealed_for().cpu_svn[2], 5);
	machine->cpusvn[2] = 0;
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	tear_down();
}

TEST(a_slot_below_the_records_version_is_refused)
{
	set_up();
	g_mount.seal_by = LAUNCH_SEAL_SIGNER;
	CHECK_EQ(verdict(), E_OK);
	g_bent.isvsvn = 9;
	g_mount.svn = 4;
	/* The record is another program's now; the policy is looked at first all the same. */
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	CHECK_EQ(ftruncate(g_volume, 0), 0);
	g_bent.isvsvn = 3;
	CHECK_EQ(verdict(), E_VOLUME_SEAL_VERSION);
	CHECK_EQ(file_size(g_volume), 0);
	g_bent.isvsvn = 4;
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

TEST(a_volume_that_only_is_read_is_not_sealed_anew)
{
	set_up();
	g_mount.seal_by = LAUNCH_SEAL_SIGNER;
	g_mount.read_only = false;
	CHECK_EQ(verdict(), E_OK);
	g_bent.isvsvn = 5;
	g_mount.read_only = true;
	g_start.create = false;
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(sealed_for().svn, 3);
	g_mount.read_only = false;
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(sealed_for().svn, 5);
	tear_down();
}

TEST(a_volume_bound_to_a_launch_opens_for_its_arguments_alone)
{
	set_up();
	g_mount.bind_launch = true;
	CHECK_EQ(verdict(), E_OK);
	g_start.create = false;
	CHECK_EQ(verdict(), E_OK);
	g_argument = text("b");
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	tear_down();
	set_up();
	CHECK_EQ(verdict(), E_OK);
	g_argument = text("b"); /* not bound to them */
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

TEST(a_pin_is_the_state_that_the_owner_knows)
{
	set_up();
	g_mount.anchor = LAUNCH_ANCHOR_PINNED;
	CHECK_EQ(verdict(), E_OK);
	const struct run_volume made = g_out.volume[0];

	CHECK_EQ(verdict(), E_VOLUME_ANCHOR); /* expected: a new one */
	CHECK(g_out.detail[0] == 0 && g_out.detail[1] == made.sequence);
	g_start.sequence = made.sequence;
	memcpy(g_start.root, made.root, sizeof(made.root));
	CHECK_EQ(verdict(), E_OK);
	g_start.sequence += 2;
	CHECK_EQ(verdict(), E_VOLUME_ANCHOR);
	CHECK(g_out.detail[0] == made.sequence + 2 && g_out.detail[1] == made.sequence);
	g_start.sequence = made.sequence;
	g_start.root[5] ^= 1;
	CHECK_EQ(verdict(), E_VOLUME_ANCHOR);
	CHECK_EQ(ftruncate(g_volume, 0), 0);
	g_start.root[5] ^= 1;
	CHECK_EQ(verdict(),
		 E_VOLUME_ANCHOR); /* create does not help who turns it back to nothing */
	CHECK(g_out.detail[0] == made.sequence && g_out.detail[1] == 0);
	CHECK_EQ(file_size(g_volume), 0);
	tear_down();
}

TEST(an_anchors_file_is_asked)
{
	static uint8_t old[1 << 20];

	set_up();
	g_mount.anchor = LAUNCH_ANCHOR_FILE;
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(file_size(g_extra), 1024);
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(pread(g_extra, old, 1024, 0), 1024);
	CHECK_EQ(ftruncate(g_extra, 0), 0); /* it has forgotten: */
	CHECK_EQ(verdict(), E_VOLUME_ANCHOR);
	CHECK_EQ(pwrite(g_extra, old, 1024, 0), 1024);
	CHECK_EQ(verdict(), E_OK);
	CHECK_EQ(ftruncate(g_volume, 0), 0); /* it knows of a volume, and there is none: */
	CHECK_EQ(verdict(), E_VOLUME_ANCHOR);
	CHECK_EQ(file_size(g_volume), 0);
	tear_down();
}

TEST(an_insecure_key_opens_for_every_program_until_it_is_another)
{
	uint8_t key[VOLUME_SECRET_MAX + 1] = {1};

	set_up();
	g_mount.key_policy = LAUNCH_KEY_INSECURE;
	for (size_t size = 31; size <= VOLUME_SECRET_MAX + 1; size += VOLUME_SECRET_MAX - 30) {
		CHECK_EQ(ftruncate(g_extra, 0), 0);
		CHECK_EQ(pwrite(g_extra, key, size, 0), (ssize_t)size);
		CHECK_EQ(verdict(), E_VOLUME_KEY_FILE);
	}
	CHECK_EQ(ftruncate(g_extra, 32), 0);
	CHECK_EQ(verdict(), E_OK);
	g_mount.label = text("w");
	g_bent.mrenclave[0] ^= 1;
	CHECK_EQ(verdict(), E_OK);
	g_start.add_seal = true;
	CHECK_EQ(verdict(), E_OK);
	key[0] = 2;
	CHECK_EQ(pwrite(g_extra, key, 32, 0), 32);
	g_start.add_seal = false;
	CHECK_EQ(verdict(), E_OK); /* by the seal slot */
	g_mount.label = text("v");
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	tear_down();
}

/* At every start, and behind a slot that opens as well. */
TEST(a_seal_slot_is_added_once)
{
	static struct volume_header header;
	static uint8_t bytes[16384];
	const uint8_t key[32] = {1};

	set_up();
	g_mount.key_policy = LAUNCH_KEY_INSECURE;
	CHECK_EQ(pwrite(g_extra, key, sizeof(key), 0), sizeof(key));
	CHECK_EQ(verdict(), E_OK);
	g_start = (struct launch_volume_start){.add_seal = true};
	for (int i = 0; i < 3; i++) {
		g_bent.isvsvn = (uint16_t)(3 + i);
		CHECK_EQ(verdict(), E_OK);
		CHECK_EQ(verdict(), E_OK);
		CHECK_EQ(pread(g_volume, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
		CHECK_EQ(volume_header_decode(&header, bytes), E_OK);
		CHECK_EQ(header.slot_count, 2);
	}
	tear_down();
}

TEST(a_provisioned_key_comes_with_a_delivery_or_not_at_all)
{
	set_up();
	g_mount.key_policy = LAUNCH_KEY_PROVISIONED;
	g_mount.key_id = text("k");
	CHECK_EQ(verdict(), E_VOLUME_KEY);
	CHECK_EQ(file_size(g_volume), 0);
	tear_down();
}

TEST(an_owner_has_to_be_a_point_of_the_curve)
{
	static const uint8_t point[LAUNCH_OWNER_SIZE] = {4, 1};

	set_up();
	g_mount.owner = (struct launch_bytes){point, sizeof(point)};
	CHECK_EQ(verdict(), E_VOLUME_OWNER);
	CHECK_EQ(file_size(g_volume), 0);
	tear_down();
}

TEST(a_program_that_trapped_tells_its_volumes_all_the_same)
{
	set_up();
	g_traps_now = true;
	run();
	CHECK(g_out.kind == RUN_TRAPPED && g_out.volume_count == 1);
	CHECK(g_out.volume[0].sequence == 1);
	tear_down();
}

/* Whichever call of the host fails: a refusal, or the program ran all the same; and the next start is well, but for a
 * volume that was half made. */
TEST(failures_of_the_host_are_refusals)
{
	bool more = true;
	long calls = 0;

	set_up();
	g_mount.anchor = LAUNCH_ANCHOR_FILE;
	for (int made = 0; made < 2; made++) {
		for (long n = 0; more; n++) {
			if (!made) {
				CHECK_EQ(ftruncate(g_volume, 0), 0);
				CHECK_EQ(ftruncate(g_extra, 0), 0);
			}
			run_failing(n, -1);
			more = g_call_failed;
			calls += more;
			CHECK(g_out.kind == RUN_EXITED || g_out.kind == RUN_REFUSED ||
			      g_out.kind == RUN_FAILED);
			CHECK(more || opened());
		}
		more = true;
	}
	CHECK(calls > 15);
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

TEST(failed_allocations_are_refusals)
{
	set_up();
	for (int made = 0; made < 2; made++) {
		for (long n = 0;; n++) {
			if (!made)
				CHECK_EQ(ftruncate(g_volume, 0), 0);
			run_failing(-1, n);
			if (opened())
				break;
			CHECK(g_out.kind != RUN_EXITED || g_out.volume_count == 1);
		}
	}
	CHECK_EQ(verdict(), E_OK);
	tear_down();
}

int main(void)
{
	RUN(a_volume_is_made_once_and_opened_again);
	RUN(the_master_key_is_not_left_behind);
	RUN(two_volumes_of_a_program_cannot_be_exchanged);
	RUN(a_volume_that_was_half_made_is_made_anew);
	RUN(a_volume_to_be_read_is_not_written);
	RUN(garbage_is_not_a_volume_and_is_not_made_one);
	RUN(a_volume_for_an_enclave_opens_for_its_measurement_alone);
	RUN(a_volume_for_a_signer_opens_for_its_product_alone);
	RUN(a_newer_image_takes_a_volume_with_it);
	RUN(a_newer_machine_takes_a_volume_with_it);
	RUN(a_slot_below_the_records_version_is_refused);
	RUN(a_volume_that_only_is_read_is_not_sealed_anew);
	RUN(a_volume_bound_to_a_launch_opens_for_its_arguments_alone);
	RUN(a_pin_is_the_state_that_the_owner_knows);
	RUN(an_anchors_file_is_asked);
	RUN(an_insecure_key_opens_for_every_program_until_it_is_another);
	RUN(a_seal_slot_is_added_once);
	RUN(a_provisioned_key_comes_with_a_delivery_or_not_at_all);
	RUN(an_owner_has_to_be_a_point_of_the_curve);
	RUN(a_program_that_trapped_tells_its_volumes_all_the_same);
	RUN(failures_of_the_host_are_refusals);
	RUN(failed_allocations_are_refusals);
	return check_report();
}

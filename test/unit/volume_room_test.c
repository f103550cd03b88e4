/* volume_room: what it says there is room for can be written, wherever in a file. */
#include "test/unit/volume_mounted.h"

#define FILE_SIZE	(6u << 20)
#define VOLUME_SIZE_MAX (12u << 20)

static struct mounted g_mounted;
static uint8_t g_bytes[1 << 20];

static uint64_t make(const char *name, uint64_t size)
{
	uint64_t ino = 0;
	size_t done;

	CHECK_EQ(volume_create(g_mounted.v, VOLUME_ROOT, name, strlen(name), VOLUME_FILE, &ino),
		 E_OK);
	for (uint64_t off = 0; off < size; off += sizeof g_bytes)
		CHECK_EQ(volume_write(g_mounted.v, ino, g_bytes, sizeof g_bytes, off, &done), E_OK);
	return ino;
}

/* Blocks of the file changed one by one, all over it, as a database's transaction does; with room for a
 * block of references to each. Whether all could be written. */
static bool change(uint64_t ino, uint32_t blocks)
{
	size_t done;

	for (uint32_t i = 0; i < blocks; i++) {
		const uint64_t off = i * 397u % (FILE_SIZE / VOLUME_BLOCK_SIZE) * VOLUME_BLOCK_SIZE;

		if (volume_write(g_mounted.v, ino, g_bytes, VOLUME_BLOCK_SIZE, off, &done) !=
			    E_OK ||
		    done != VOLUME_BLOCK_SIZE)
			return false;
	}
	return true;
}

TEST(room_that_is_said_to_be_there_is_there)
{
	uint32_t yes = 0, no = 0;

	mounted_start(&g_mounted, VOLUME_SIZE_MAX);
	const uint64_t ino = make("file", FILE_SIZE);

	CHECK_EQ(volume_commit(g_mounted.v), E_OK);
	for (uint32_t blocks = 16; blocks < 1500; blocks += 48) {
		const enum err err = volume_room(g_mounted.v, 2ull * blocks * VOLUME_BLOCK_SIZE);

		CHECK(err == E_OK || err == E_NO_SPACE);
		if (err == E_OK)
			CHECK(change(ino, blocks));
		yes += err == E_OK;
		no += err != E_OK;
		CHECK_EQ(volume_commit(g_mounted.v), E_OK);
	}
	CHECK(yes > 4 && no > 4);
	/* It has not said no out of mere caution: what is far more than it refused does not fit. */
	CHECK(!change(ino, 1500));
	mounted_stop(&g_mounted);
}

TEST(room_without_a_bound_is_an_error)
{
	mounted_start(&g_mounted, VOLUME_SIZE_MAX);
	CHECK_EQ(volume_room(g_mounted.v, 0), E_OK);
	CHECK_EQ(volume_room(g_mounted.v, UINT64_MAX), E_NO_SPACE);
	CHECK_EQ(volume_room(g_mounted.v, (uint64_t)1 << 44), E_NO_SPACE);
	CHECK_EQ(volume_commit(g_mounted.v), E_OK);
	mounted_stop(&g_mounted);
}

TEST(room_on_a_volume_for_reading_is_an_error)
{
	mounted_start(&g_mounted, 0);
	(void)make("file", FILE_SIZE);
	g_mounted.config.read_only = true;
	mounted_again(&g_mounted, true);
	CHECK_EQ(volume_room(g_mounted.v, 1), E_READ_ONLY);
	mounted_stop(&g_mounted);
}

int main(void)
{
	RUN(room_that_is_said_to_be_there_is_there);
	RUN(room_without_a_bound_is_an_error);
	RUN(room_on_a_volume_for_reading_is_an_error);
	return check_report();
}

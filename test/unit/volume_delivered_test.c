/* program: the file of a delivered program's volume is found by key and label; what the host answers. */
#include "program/volume_delivered.h"

#include "hostcall/hostcall.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "volume/file_name.h"

#define HANDLE 11u

/* What the host was asked, and answers. */
static struct {
	uint64_t dir, flags;
	char name[80];
	size_t size;
	enum host_errno answer;
} g_host;

uint32_t hostcall_next_seq(void)
{
	static uint32_t seq;

	return ++seq;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	(void)out;
	CHECK_EQ(request->call, HOST_CALL_OPEN);
	g_host.dir = request->arg[0];
	g_host.flags = request->arg[1];
	g_host.size = in->size[0] + in->size[1];
	CHECK(g_host.size < sizeof(g_host.name));
	memcpy(g_host.name, in->part[0], in->size[0]);
	if (in->size[1] != 0)
		memcpy(g_host.name + in->size[0], in->part[1], in->size[1]);
	*reply = (struct call_reply){.seq = request->seq, .error = g_host.answer};
	if (g_host.answer == HOST_SUCCESS)
		reply->value = HANDLE;
	return E_OK;
}

static const char g_key[] = "a key that is delivered to it...";
static const struct volume_secret g_secret = {"id", 2, g_key, 32};

static struct launch_bytes bytes_of(const char *text)
{
	return (struct launch_bytes){(const uint8_t *)text, (uint32_t)strlen(text)};
}

static enum err open_volume(bool read_only, bool create, enum host_errno answer, uint32_t *handle)
{
	const struct launch_mount mount = {.label = bytes_of("data"), .read_only = read_only};

	memset(&g_host, 0, sizeof(g_host));
	g_host.answer = answer;
	return volume_delivered_open(handle, &g_secret, &mount, create);
}

/* The values are those of another implementation of HKDF. */
TEST(name_is_of_key_and_label)
{
	static const char data[] =
		"731dc43863c72fc9deeb9f17440d3d1d766903fa34cc23633a62e4d16cf03a59.rtw";
	static const char datb[] =
		"cad3edfcfda8ae0f79dd1502b20cf04ef88b61de1059f5571b11aaedc37672f1.rtw";
	const struct volume_secret other = {"id", 2, "another key that is delivered...", 32};
	char name[VOLUME_FILE_NAME];

	volume_file_name(name, g_secret.key, 32, "data", 4);
	CHECK(memcmp(name, data, sizeof(name)) == 0);
	volume_file_name(name, g_secret.key, 32, "datb", 4);
	CHECK(memcmp(name, datb, sizeof(name)) == 0);
	volume_file_name(name, other.key, 32, "data", 4);
	CHECK(memcmp(name, data, sizeof(name)) != 0);
	/* the longest label */
	static const char label[] =
		"0123456789012345678901234567890123456789012345678901234567890123";

	CHECK_EQ(sizeof(label) - 1, VOLUME_KEY_ID_MAX);
	volume_file_name(name, g_secret.key, 32, label, sizeof(label) - 1);
	CHECK(memcmp(name + 64, ".rtw", 4) == 0);
}

TEST(file_is_opened_in_the_directory_of_volumes)
{
	uint32_t handle = 0;

	CHECK_EQ(open_volume(false, false, HOST_SUCCESS, &handle), E_OK);
	CHECK_EQ(handle, HANDLE);
	CHECK_EQ(g_host.dir, HOST_HANDLE_MOUNTS);
	CHECK_EQ(g_host.size, VOLUME_FILE_NAME);
	CHECK(memcmp(g_host.name, "731dc43863c7", 12) == 0);
	CHECK_EQ(g_host.flags, HOST_OPEN_READ | HOST_OPEN_WRITE);
	CHECK_EQ(open_volume(false, true, HOST_SUCCESS, &handle), E_OK);
	CHECK_EQ(g_host.flags, HOST_OPEN_READ | HOST_OPEN_WRITE | HOST_OPEN_CREATE);
	CHECK_EQ(open_volume(true, false, HOST_SUCCESS, &handle), E_OK);
	CHECK_EQ(g_host.flags, HOST_OPEN_READ);
}

TEST(answers_become_reasons)
{
	static const struct {
		enum host_errno answer;
		enum err err;
	} cases[] = {
		{HOST_NOENT, E_VOLUME_ABSENT},
		{HOST_BUSY, E_VOLUME_BUSY},
		{HOST_BADF, E_DEPLOY_VOLUME},
		{HOST_NOTDIR, E_DEPLOY_VOLUME},
		{HOST_NOSPC, E_NO_SPACE},
		{HOST_DQUOT, E_NO_SPACE},
		{HOST_ACCES, E_IO},
		{HOST_LOOP, E_IO},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t handle = 77;

		CHECK_EQ(open_volume(false, false, cases[i].answer, &handle), cases[i].err);
	}
}

int main(void)
{
	RUN(name_is_of_key_and_label);
	RUN(file_is_opened_in_the_directory_of_volumes);
	RUN(answers_become_reasons);
	return check_report();
}

/*
 * What run and deploy share: the status file, and how an end is told.
 * Trust: what the outcome says was made safe by the library.
 * Invariant: the guest's status and ours are told apart in the status file.
 */
#include "cli/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Above the standard streams. */
int ending_open(struct ending *e)
{
	if (!e->path)
		return STATUS_OK;
	int low = open(e->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 3);
	int why = errno;

	if (low >= 0)
		close(low);
	e->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (e->file)
		return STATUS_OK;
	if (fd >= 0)
		close(fd);
	command_say("cannot write the status file %s: %s; name another", e->path, strerror(why));
	return STATUS_REFUSED;
}

void ending_write(struct ending *e, const char *word, unsigned status, const char *message)
{
	if (!e->file)
		return;
	int n = fprintf(e->file, "%s %u\n%s%s", word, status, message, message[0] ? "\n" : "");

	if (fclose(e->file) != 0 || n < 0)
		command_say("cannot write the status file %s: %s", e->path, strerror(errno));
	e->file = NULL;
}

static int end_exited(struct ending *e, struct retwine_outcome *outcome)
{
	/* The low byte, as the exit status of a process has it. */
	int status = (int)(outcome->status & 0xff);
	int output = STATUS_OK;

	if (outcome->results) {
		output = command_output(outcome->results);
		outcome->results = NULL;
	}
	ending_write(e, "exited", outcome->status, "");
	return output == STATUS_OK ? status : STATUS_REFUSED;
}

static int end_otherwise(struct ending *e, const struct retwine_outcome *outcome)
{
	static const struct {
		const char *word;
		int status;
	} ends[] = {
		[RETWINE_TRAPPED] = {"trapped", STATUS_TRAP},
		[RETWINE_NOT_STARTED] = {"refused", STATUS_REFUSED},
		[RETWINE_ENDED] = {"failed", STATUS_REFUSED},
		[RETWINE_INTERRUPTED] = {"interrupted", STATUS_INTERRUPTED},
	};

	command_say("%s", outcome->message);
	if (outcome->backtrace) {
		command_say("wasm backtrace:");
		command_say_lines(outcome->backtrace);
	}
	ending_write(e, ends[outcome->end].word, (unsigned)ends[outcome->end].status,
		     outcome->message);
	return ends[outcome->end].status;
}

int ending_error(struct ending *e, const struct retwine_error *error)
{
	bool usage = error->code == RETWINE_USAGE;
	int status = usage ? STATUS_USAGE : STATUS_REFUSED;

	command_say("%s", error->message);
	ending_write(e, usage ? "usage" : "refused", (unsigned)status, error->message);
	return status;
}

/* To the program a damaged block is an error of reading like any other. */
static void tell_damage(const struct retwine_outcome *outcome)
{
	for (size_t i = 0; i < outcome->volume_count; i++) {
		const struct retwine_mounted_volume *v = &outcome->volumes[i];

		if (v->damaged != 0)
			command_say("volume %s: reading failed %llu times: a block is not what was "
				    "written there; "
				    "'retwine volume check' finds them, with a key of the volume",
				    v->guest, (unsigned long long)v->damaged);
	}
}

int ending_tell(struct ending *e, struct retwine_outcome *outcome)
{
	tell_damage(outcome);
	return outcome->end == RETWINE_EXITED ? end_exited(e, outcome) : end_otherwise(e, outcome);
}

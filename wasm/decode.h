/*
 * The decoder's inside, shared by the files that decode sections: not for users of the library.
 * Sections come in the order of Core 3.0, 5.5.1, so that every index space is complete before an
 * index into it appears, but for data segments in bodies; indices are therefore checked where they
 * are read.
 */
#ifndef WASM_DECODE_H
#define WASM_DECODE_H

#include "wasm/module.h"
#include "wasm/type_stack.h"

struct decoder {
	struct wasm_module *m;
	struct reader whole;	 /* what follows the present section */
	struct reader r;	 /* in the present section */
	struct type_stack stack; /* scratch */
	struct wasm_name name;	 /* of the import or export at hand, for messages */
	uint32_t rank;		 /* of the last section, in the order of the format */
	uint32_t body_count;	 /* of the code section */
	uint32_t segment_count;	 /* of the data section */
	bool has_native;
};

/*
 * Takes a count of things of at least one byte each. Errors: those of leb.h, `too_many` above
 * `max`, E_WASM_END when fewer bytes are left.
 */
MUST_USE enum err decode_take_count(struct decoder *d, uint32_t *out, uint32_t max,
				    enum err too_many);

/* Takes an index below `count`, otherwise `unknown`. */
MUST_USE enum err decode_take_index(struct decoder *d, uint32_t *out, uint32_t count,
				    enum err unknown);

/* Where the reader of the section stands, from the module's first byte. */
uint32_t decode_offset(const struct decoder *d);

/* decode_types.c */
MUST_USE enum err decode_type_section(struct decoder *d);

/* decode_spaces.c: what opens index spaces. */
MUST_USE enum err decode_import_section(struct decoder *d);
MUST_USE enum err decode_func_section(struct decoder *d);
MUST_USE enum err decode_table_section(struct decoder *d);
MUST_USE enum err decode_memory_section(struct decoder *d);
MUST_USE enum err decode_tag_section(struct decoder *d);
MUST_USE enum err decode_global_section(struct decoder *d);

/* decode_exports.c */
MUST_USE enum err decode_export_section(struct decoder *d);

/* decode_segments.c */
MUST_USE enum err decode_elem_section(struct decoder *d);
MUST_USE enum err decode_data_count_section(struct decoder *d);
MUST_USE enum err decode_data_section(struct decoder *d);

#endif

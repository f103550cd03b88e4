/* The binary form of a script, test/wast/script.h: numbers little-endian, strings counted. */

export const MAGIC = 0x54534157;
export const VERSION = 2;

export const Command = Object.freeze({
	MODULE: 0, DEFINITION: 1, INSTANCE: 2, REGISTER: 3, ACTION: 4, RETURN: 5, TRAP: 6,
	EXHAUSTION: 7, EXCEPTION: 8, INVALID: 9, MALFORMED: 10, UNLINKABLE: 11,
	UNINSTANTIABLE: 12, THREAD: 13, WAIT: 14, LIFTED: 15, TEXT: 16,
});
export const Action = Object.freeze({ INVOKE: 0, GET: 1 });
export const Type = Object.freeze({ I32: 0, I64: 1, F32: 2, F64: 3, V128: 4, FUNC: 5, EXTERN: 6,
				    EXN: 7, REF: 8, GC: 9 });
export const Match = Object.freeze({ BITS: 0, NAN_CANONICAL: 1, NAN_ARITHMETIC: 2, NULL: 3,
				     NOT_NULL: 4 });

export class Writer {
	#parts = [];

	number(value, size) {
		const bytes = Buffer.alloc(size);
		if (size === 8)
			bytes.writeBigUInt64LE(BigInt(value));
		else
			bytes.writeUIntLE(Number(value), 0, size);
		this.#parts.push(bytes);
	}

	/* A Buffer, or a string of which each character is a byte. */
	string(value) {
		const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
		this.number(bytes.length, 4);
		this.#parts.push(bytes);
	}

	/* {type, lanes: [{match, bits}]} */
	value({ type, lanes }) {
		this.number(type, 1);
		this.number(lanes.length, 1);
		for (const lane of lanes) {
			this.number(lane.match, 1);
			this.number(lane.bits, 8);
		}
	}

	bytes() {
		return Buffer.concat(this.#parts);
	}
}

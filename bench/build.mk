# The kernels of `make bench` for native code, each of one source built for all that is compared:
#   NAME.o3 NAME.v3            clang-19 -O3, and -O3 for x86-64-v3
#   NAME.wasm NAME.simd.wasm   clang-19 -O3 for WebAssembly, without and with -msimd128; SQLite's second
#                              with -mbulk-memory, too, as its libc copies byte by byte otherwise
#   NAME.1.wasm NAME.3.wasm NAME.3.simd.wasm   the same with native code, of -O1 and -O3
#   NAME.w2c                   by wasm2c, where installed, and clang-19 -O3 for x86-64-v3
# Included by the Makefile. One rounding per operation everywhere, so that all results are equal.

N := $(B)/bench/native
NATIVE_FLAGS := -std=c17 -O3 -ffp-contract=off -fno-math-errno -I.
NATIVE_V3    := -march=x86-64-v3
NATIVE_WASM  := --target=wasm32-wasi
NATIVE_LINK  := -nostartfiles -Wl,--no-entry -Wl,--export=run -Wl,--stack-first -Wl,-z,stack-size=1048576
WABT_RT      := /usr/share/wabt/wasm2c

# NAME:N, where run(N) takes about 60 ms natively.
NATIVE_KERNELS := adler:3600 base64:2900 blur:580 brain:9 chacha:330 cholesky:420 count:4500 \
	covariance:550 crc:1800 csv:1200 dot:2800 durbin:880 edit:44 fdtd:5000 fft:1400 floyd:52 \
	gemm:160 gemver:460 gramschmidt:220 hashmap:490 heapsort:19 heat:700 jacobi:1400 json:1900 \
	lu:150 lz:900 mandel:130 matmul:190 matrix:3200 mix:26000 mvt:660 nbody:1000 nussinov:52 \
	queens:500 saxpy:2600 search:430 seidel:610 sha256:270 sieve:240 sort:40 spectral:320 \
	syrk:83 trisolv:1700 utf8:2300 vm:1300 xxhash:17000
NATIVE_NAMES := $(foreach k,$(NATIVE_KERNELS),$(firstword $(subst :, ,$(k)))) sqlite
NATIVE_SUFFIXES := o3 v3 wasm simd.wasm 1.wasm 3.wasm 3.simd.wasm $(if $(shell command -v wasm2c),w2c)

$(N)/%.o3.o: bench/kernels/%.c bench/kernels/kernel.h
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(NATIVE_FLAGS) -c $< -o $@
$(N)/%.v3.o: bench/kernels/%.c bench/kernels/kernel.h
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(NATIVE_FLAGS) $(NATIVE_V3) -c $< -o $@
$(N)/%.simd.wasm.o: bench/kernels/%.c bench/kernels/kernel.h
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(NATIVE_WASM) $(NATIVE_FLAGS) -msimd128 -c $< -o $@
$(N)/%.wasm.o: bench/kernels/%.c bench/kernels/kernel.h
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(NATIVE_WASM) $(NATIVE_FLAGS) -c $< -o $@

$(N)/main.o: bench/native_main.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(NATIVE_FLAGS) -c $< -o $@
$(N)/%.o3: $(N)/%.o3.o $(N)/main.o
	$(Q)$(CLANG) $^ -lm -o $@
$(N)/%.v3: $(N)/%.v3.o $(N)/main.o
	$(Q)$(CLANG) $^ -lm -o $@
$(N)/%.3.wasm: $(N)/%.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet -O3 $< -o $@
$(N)/%.3.simd.wasm: $(N)/%.simd.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet -O3 $< -o $@
$(N)/%.1.wasm: $(N)/%.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet -O1 $< -o $@
# What nothing has verified, and the image that runs it: for the comparison alone.
$(N)/%.3.raw.wasm: $(N)/%.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet --no-verify -O3 $< -o $@
$(N)/%.3.simd.raw.wasm: $(N)/%.simd.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet --no-verify -O3 $< -o $@
$(N)/%.1.raw.wasm: $(N)/%.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet --no-verify -O1 $< -o $@
$(N)/shell.1.wasm: $(E)/sqlite3.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet -O1 $< -o $@
UNVERIFIED := $(B)/bench/unverified.elf
$(UNVERIFIED): $(filter-out $(B)/image/native/verify.o,$(IMAGE_O)) $(B)/image/bench/unverified.o \
		$(patsubst %.c,$(B)/image/%.o,$(wildcard program/*.c)) enclave/image.lds tools/check-image.sh
	@mkdir -p $(@D)
	$(call link_image,)
# Two commands: clang runs any wasm-opt on the PATH after a link that carries -O.
$(N)/%.wasm: $(N)/%.wasm.o
	$(Q)$(CLANG) $(NATIVE_WASM) $(NATIVE_LINK) $^ -o $@
$(N)/%.w2c: $(N)/%.wasm bench/wasm2c_main.c
	@mkdir -p $(N)/$*.c
	$(Q)wasm2c -n kernel $< -o $(N)/$*.c/kernel.w2c.c
	$(Q)$(CLANG) -O3 $(NATIVE_V3) -w -I$(N)/$*.c -I$(WABT_RT) $(N)/$*.c/kernel.w2c.c \
		bench/wasm2c_main.c $(WABT_RT)/wasm-rt-impl.c -lm -o $@

# SQLite without an operating system, with its workload (bench/sqlite_bench.c).
NATIVE_SQLITE := -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OS_OTHER=1 \
	-DSQLITE_OMIT_LOCALTIME -DSQLITE_OMIT_WAL -DSQLITE_TEMP_STORE=3 -DSQLITE_DEFAULT_MEMSTATUS=0 \
	-I$(SQLITE_SRC) -w
$(N)/sqlite/%.o3.o: FLAGS :=
$(N)/sqlite/%.v3.o: FLAGS := $(NATIVE_V3)
$(N)/sqlite/%.wasm.o: FLAGS := $(NATIVE_WASM)
$(N)/sqlite/%.simd.wasm.o: FLAGS := $(NATIVE_WASM) -msimd128 -mbulk-memory
define sqlite_rules
$(N)/sqlite/sqlite3.$(1).o: $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(FLAGS) $$(NATIVE_FLAGS) $$(NATIVE_SQLITE) -c $$< -o $$@
$(N)/sqlite/bench.$(1).o: bench/sqlite_bench.c $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(FLAGS) $$(NATIVE_FLAGS) $$(NATIVE_SQLITE) -c $$< -o $$@
$(N)/sqlite.$(1).o: $(N)/sqlite/bench.$(1).o $(N)/sqlite/sqlite3.$(1).o
	$$(Q)$(if $(findstring wasm,$(1)),wasm-ld-19,$$(LD)) -r $$^ -o $$@
endef
$(foreach k,o3 v3 wasm simd.wasm,$(eval $(call sqlite_rules,$(k))))

NATIVE_BENCH := $(foreach n,$(NATIVE_NAMES),$(NATIVE_SUFFIXES:%=$(N)/$(n).%))
bench-native-programs: $(B)/retwine $(SIGNED) $(E)/scoring $(E)/scoring.wasm
	@$(MAKE) --no-print-directory $(NATIVE_BENCH) $(N)/scoring.1.wasm
$(N)/scoring.wasm: $(E)/scoring.wasm
	@mkdir -p $(@D)
	$(Q)cp $< $@
# The program whose host calls bench/io.py counts.
$(B)/bench/io.o: bench/io_guest.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 -D_GNU_SOURCE -O2 $(EXAMPLE_WARN) -c $< -o $@
$(B)/bench/io.wasm: $(B)/bench/io.o
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ -o $@
NATIVE_RAW := $(foreach n,$(NATIVE_NAMES),$(foreach k,1 3 3.simd,$(N)/$(n).$(k).raw.wasm))
bench-verified: bench-native-programs
	@$(MAKE) --no-print-directory $(NATIVE_RAW) $(N)/shell.1.wasm $(UNVERIFIED) $(UNVERIFIED:.elf=.sig)
	@bench/verified_bench.py --build $(B) $(VERIFIED_BENCH_OPTIONS) $(NATIVE_KERNELS) sqlite:30
bench-native: bench-native-programs
	@bench/native_bench.py --build $(B) $(NATIVE_BENCH_OPTIONS) $(NATIVE_KERNELS) sqlite:30

# The volume: blocks through WASI, SQLite natively and as a guest of one source, GCM alone.
VOLUME_SQLITE := -O3 -D_GNU_SOURCE $(filter-out -O2,$(SQLITE_FLAGS)) -DSQLITE_DEFAULT_MEMSTATUS=0 \
	-DSQLITE_ENABLE_BATCH_ATOMIC_WRITE -I$(SQLITE_SRC) -I.
VOLUME_BENCH  := $(addprefix $(B)/bench/volume_,guest.3.wasm sqlite.3.wasm sqlite baseline)
$(B)/bench/volume/%.wasm.o: bench/volume_%.c $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -mbulk-memory $(VOLUME_SQLITE) $(SQLITE_WASI_FLAGS) -c $< -o $@
$(B)/bench/volume/sqlite3.wasm.o: $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -mbulk-memory $(VOLUME_SQLITE) $(SQLITE_WASI_FLAGS) -c $< -o $@
$(B)/bench/volume/volume_vfs.wasm.o: examples/sqlite_volume/volume_vfs.c $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -mbulk-memory $(VOLUME_SQLITE) $(SQLITE_WASI_FLAGS) -c $< -o $@
$(B)/bench/volume_guest.wasm: $(B)/bench/volume/guest.wasm.o
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ -o $@
$(B)/bench/volume_sqlite.wasm: $(addprefix $(B)/bench/volume/,sqlite.wasm.o sqlite3.wasm.o volume_vfs.wasm.o)
	$(Q)$(WASM_CLANG) $(WASM_LINK) $^ $(SQLITE_WASI_LIBS) -o $@
$(B)/bench/volume_%.3.wasm: $(B)/bench/volume_%.wasm $(B)/retwine-compile
	$(Q)$(B)/retwine-compile --quiet -O3 $< -o $@
$(B)/bench/volume_sqlite: bench/volume_sqlite.c $(SQLITE_SRC)/sqlite3.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(VOLUME_SQLITE) $^ -lm -o $@
$(B)/bench/volume_baseline: $(B)/host/bench/volume_baseline.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
bench-volume: $(B)/retwine $(SIGNED)
	@$(MAKE) --no-print-directory $(VOLUME_BENCH)
	@bench/volume.py $(B) $(VOLUME_BENCH_OPTIONS)

.PHONY: bench-native bench-verified bench-native-programs bench-volume

# ivs-live - GNU make, one file. `make help` lists the targets.
#
# MODE=release (default), asan, or valgrind-friendly debug; objects live side by side in
# build/$(MODE). CFLAGS and LDFLAGS from outside are honoured; ours are put around them.
# WERROR=1 turns warnings into errors (the gate does). V=1 shows the commands.

MODE   ?= release
PREFIX ?= /usr/local
B      := build/$(MODE)
GEN    := build/include/gen
VERSION := $(shell sed -n 's/^\#\# \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)

CC     ?= cc
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	  -Wcast-qual -Wwrite-strings -Wformat=2 -Wvla -Wundef $(if $(WERROR),-Werror)
HARD   := -fstack-protector-strong -fPIE
LDHARD := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifeq ($(MODE),asan)
OPT    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDOPT  := -fsanitize=address,undefined
else ifeq ($(MODE),fuzz)
CC     := clang
OPT    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	  -fno-sanitize-recover=all -Wno-cast-qual
LDOPT  := -fsanitize=fuzzer,address,undefined
else ifeq ($(MODE),debug)
OPT    := -O1 -g -fno-omit-frame-pointer
else
OPT    := -O2 -g -D_FORTIFY_SOURCE=2
endif

PKGS   := hiredis libpq libcurl openssl jansson
PC      = $(shell pkg-config $(1) $(2) 2>/dev/null)
REAL_CFLAGS = -std=c17 -D_GNU_SOURCE -DIVS_VERSION='"$(VERSION)"' -Icommon -I. -Ibuild/include \
	$(WARN) $(HARD) $(OPT) $(call PC,--cflags,$(PKGS)) $(CPPFLAGS) $(CFLAGS) -MMD -MP
REAL_LDFLAGS = $(LDHARD) $(LDOPT) $(LDFLAGS)
LIBS    = $(call PC,--libs,$(PKGS))
EMULATOR_LIBS = $(call PC,--libs,libmicrohttpd jansson libcrypto libcurl zlib) -lpthread

LIB_SRC  := $(wildcard common/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o) $(B)/gen/scripts.o $(B)/gen/queries.o
LIB      := $(B)/libivs.a
FCGI     := $(patsubst fcgi/%.c,$(B)/fcgi/%,$(wildcard fcgi/*.c))
CRON     := $(patsubst cron/%.c,$(B)/cron/%,$(wildcard cron/*.c))
CTL      := $(B)/ctl/ivsctl
CTL_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard ctl/*.c))
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
TOOL     := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(wildcard tests/tools/*.c))
FUZZ     := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH    := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/*.c))
EMULATOR := $(B)/tests/tools/ivs_emulator
EMULATOR_OBJ := $(patsubst tests/tools/ivs_emulator/%.c,$(EMULATOR).d/%.o,\
	$(wildcard tests/tools/ivs_emulator/*.c))
# Holds the sockets of the private stack.
HOLDER   := $(B)/tests/tools/hold_sockets
CROWD    := $(B)/tests/tools/crowd
CROWD_OBJ := $(patsubst tests/tools/crowd/%.c,$(CROWD).d/%.o,$(wildcard tests/tools/crowd/*.c))
# What a program is made of besides fcgi/<program>.c: the files in fcgi/<program>/.
parts_of  = $(patsubst %.c,$(B)/parts/%.o,$(wildcard fcgi/$(1)/*.c))
# And of a tool besides tests/tools/<tool>.c.
tool_parts_of = $(patsubst %.c,$(B)/parts/%.o,$(wildcard tests/tools/$(1)/*.c))
PROGRAMS := $(FCGI) $(CRON) $(CTL)
TORTURE  := $(B)/tests/torture/each $(B)/tests/torture/worker $(B)/tests/torture/fail_nth.so
TESTBINS := $(UNIT) $(TOOL) $(BENCH) $(CROWD) $(FUZZ) $(TORTURE)
ALL_SRC  := $(LIB_SRC) $(wildcard fcgi/*.c fcgi/*/*.c cron/*.c ctl/*.c tests/*/*.c tests/tools/*/*.c)
ALL_HDR  := $(wildcard common/*/*.h fcgi/*/*.h ctl/*.h tests/*/*.h tests/tools/*/*.h)

all: $(PROGRAMS) $(EMULATOR) $(HOLDER) ## the programs, and what the private stack needs (default)

# ---- the two commands ----
run: ## the whole system on localhost, until Ctrl-C
	$(Q)deploy/stack run
test: ## everything; the last line is "N passed, N failed"
	$(Q)deploy/packages test --install
	$(Q)$(MAKE) --no-print-directory check

# ---- checks ----
build-tests: all $(TESTBINS)
check: build-tests ## all tests on the MODE build
	$(Q)tests/run $(MODE)
check-through: build-tests ## all tests by PgBouncer, Redis TLS and a Redis user of few rights
	$(Q)STACK_THROUGH="pgbouncer redis-tls redis-acl" tests/run $(MODE)
check-asan: ## all tests under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory MODE=asan check
check-valgrind: ## unit programs and core calls under valgrind
	$(Q)$(MAKE) --no-print-directory MODE=debug build-tests
	$(Q)tests/valgrind debug
chaos: ## what breaks while a show runs, with figures; CASES="R13 R14" runs some
	$(Q)deploy/packages test --install
	$(Q)$(MAKE) --no-print-directory build-tests
	$(Q)tests/chaos/run $(CASES)
bench: ## heartbeat against a no-op of the same serve loop
	$(Q)deploy/packages bench --install
	$(Q)$(MAKE) --no-print-directory all $(BENCH) $(TOOL)
	$(Q)tests/bench/run
fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	$(Q)deploy/packages fuzz --install
	$(Q)$(MAKE) --no-print-directory MODE=fuzz fuzz-targets
	$(Q)tests/fuzz/run
fuzz-targets: $(FUZZ)
torture: build-tests ## core cases with every n-th allocation and system call failing
	$(Q)tests/torture/run $(MODE)
lint: headers ## layers, shell, sizes, format
	$(Q)tests/layers.sh
	$(Q)tests/sizes.sh
	$(Q)tests/negations.sh
	$(Q)find common deploy tests .ci -type f -print0 | xargs -0 grep -lE '^\#!.*(bash|/sh)$$|shellcheck shell' | grep -v '\.c$$' | \
		xargs shellcheck -x
	$(Q)if command -v clang-format-14 >/dev/null; then \
		clang-format-14 --dry-run -Werror $(ALL_SRC) $(ALL_HDR); \
	else \
		echo 'lint: clang-format-14 (Debian 12) is not here: the format is not checked'; fi
headers: $(GEN)/scripts.h $(GEN)/queries.h $(GEN)/schema.h ## each header compiles alone
	$(Q)for h in $(ALL_HDR); do \
		echo "#include \"$$PWD/$$h\"" | $(CC) -fsyntax-only $(filter-out -MMD -MP,$(REAL_CFLAGS)) \
		-x c - || { echo "header does not compile alone: $$h" >&2; exit 1; }; done
format: ## lay out the sources
	$(Q)clang-format-14 -i $(ALL_SRC) $(ALL_HDR)

# Not the private stack: it needs the tree.
INSTALLED := migrate backup restore lib/ask.bash lib/database.bash redis-user.acl lighttpd.conf lighttpd-tls.conf \
	     apache htaccess nginx nftables crontab errors ivs-live@.service ivs-live@.socket
install: all install-share ## DESTDIR and PREFIX are honoured
	install -d $(DESTDIR)$(PREFIX)/libexec/ivs-live/fcgi $(DESTDIR)$(PREFIX)/libexec/ivs-live/cron
	install -m 755 $(FCGI) $(DESTDIR)$(PREFIX)/libexec/ivs-live/fcgi
	install -m 755 $(CRON) $(DESTDIR)$(PREFIX)/libexec/ivs-live/cron
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(CTL) $(DESTDIR)$(PREFIX)/bin
install-share: # what is not compiled
	install -d $(DESTDIR)$(PREFIX)/share/ivs-live
	cp -R sql $(DESTDIR)$(PREFIX)/share/ivs-live/
	install -d $(DESTDIR)$(PREFIX)/share/ivs-live/deploy
	cd deploy && cp -R --parents $(INSTALLED) $(abspath $(DESTDIR)$(PREFIX))/share/ivs-live/deploy/
	chmod -R u=rwX,go=rX $(DESTDIR)$(PREFIX)/share/ivs-live

clean: ## removes what was built
	rm -rf build
help:
	$(Q)sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

# ---- how things are made ----
# Errors for warnings make no other object.
FLAGS := $(CC) $(filter-out -Werror,$(REAL_CFLAGS)) $(REAL_LDFLAGS)
$(B)/flags: FORCE | need-packages
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@
need-packages:
	@pkg-config --exists $(PKGS) libmicrohttpd zlib 2>/dev/null && \
		printf '#include <fastcgi.h>\n' | $(CC) -E -x c - >/dev/null 2>&1 || { \
		echo 'a library is missing: run  deploy/packages build --install' >&2; exit 1; }

$(GEN)/scripts.h $(GEN)/scripts.c &: $(wildcard common/lua/*.lua common/lua/lib/*.lua) common/embed.sh
	$(call say,EMBED,common/lua)
	@mkdir -p $(GEN)
	$(Q)common/embed.sh scripts common/lua $(GEN)/scripts
$(GEN)/queries.h $(GEN)/queries.c &: $(wildcard sql/queries/*.sql) common/embed.sh
	$(call say,EMBED,sql/queries)
	@mkdir -p $(GEN)
	$(Q)common/embed.sh queries sql/queries $(GEN)/queries
$(GEN)/schema.h: $(wildcard sql/schema/*.sql) common/embed.sh
	$(call say,EMBED,sql/schema)
	@mkdir -p $(GEN)
	$(Q)common/embed.sh schema sql/schema $(GEN)/schema
$(B)/gen/%.o: $(GEN)/%.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) -c -o $@ $<
$(B)/%.o: %.c $(B)/flags | $(GEN)/scripts.h $(GEN)/queries.h $(GEN)/schema.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) -c -o $@ $<
$(B)/parts/%.o: %.c $(B)/flags | $(GEN)/scripts.h $(GEN)/queries.h $(GEN)/schema.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) -c -o $@ $<
$(EMULATOR).d/%.o: tests/tools/ivs_emulator/%.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) -c -o $@ $<
$(CROWD).d/%.o: tests/tools/crowd/%.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) -c -o $@ $<
$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(foreach p,$(FCGI),$(eval $(p): $(call parts_of,$(notdir $(p)))))
$(foreach t,$(TOOL),$(eval $(t): $(call tool_parts_of,$(notdir $(t)))))
$(FCGI) $(CRON) $(UNIT) $(TOOL) $(BENCH): $(B)/%: $(B)/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REAL_CFLAGS) $(REAL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)
$(B)/tests/torture/each $(B)/tests/torture/worker: $(B)/%: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) $(REAL_LDFLAGS) -o $@ $< $(LIBS)
# Takes the place of what the flags would guard; a sanitizer in it would count itself.
$(B)/tests/torture/fail_nth.so: tests/torture/fail_nth.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O2 -g -fPIC -shared $(WARN) -o $@ $<
# libFuzzer brings a main; elsewhere the corpus is replayed. fuzz_aws answers in place of AWS.
$(B)/tests/fuzz/fuzz_aws: WRAP := -Wl,--wrap=http_do,--wrap=limiter_take,--wrap=nanosleep
$(FUZZ): %: %.o $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/replay.o) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REAL_CFLAGS) $(REAL_LDFLAGS) $(WRAP) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)
$(CTL): $(CTL_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REAL_CFLAGS) $(REAL_LDFLAGS) -o $@ $(CTL_OBJ) $(LIB) $(LIBS)
$(EMULATOR): $(EMULATOR_OBJ)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REAL_CFLAGS) $(REAL_LDFLAGS) -o $@ $(EMULATOR_OBJ) $(EMULATOR_LIBS)
$(CROWD): $(CROWD_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REAL_CFLAGS) $(REAL_LDFLAGS) -o $@ $(CROWD_OBJ) $(LIB) $(LIBS)

-include $(shell find build/$(MODE) -type f -name '*.d' 2>/dev/null)
FORCE:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test build-tests check check-through check-asan check-valgrind chaos bench fuzz \
	fuzz-targets torture lint headers format install install-share clean help need-packages FORCE

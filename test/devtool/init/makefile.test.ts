import assert from "node:assert/strict";
import { test } from "node:test";
import { readMakefile } from "../../../devtool/init/makefile.ts";

const BETWEEN = ["*.o", "*.d"];

const MAKEFILES: readonly (readonly [string, string, string | undefined, readonly string[]])[] = [
  ["a program that make links itself", "greet: main.o kernel.o\nmain.o kernel.o: kernel.h\n", "greet", ["/greet"]],
  [
    "one that a recipe links, behind phony goals",
    "CFLAGS=-O2\nLIBS =\n.PHONY: run all\nrun: prog\n\t./prog\nall: prog\nprog: a.o b.o\n\t$(CC) -o $@ $^\n",
    "prog",
    ["/prog"],
  ],
  [
    "names in variables, and objects in a folder of their own",
    "BUILD := build\nTARGET = $(BUILD)/app\n$(TARGET): $(OBJS)\n\tcc -o $@ $^\n$(BUILD)/%.o: src/%.c\n\tcc -c -o $@ $<\n",
    "build/app",
    ["/build/"],
  ],
  [
    "a table that is written by a program",
    "tool: main.c table.h\n\tcc -o $@ main.c\ntable.h: gen.py\n\tpython3 gen.py >$@\n",
    "tool",
    ["/tool", "/table.h"],
  ],
  [
    "a folder for objects that a goal makes",
    "app: build/a.o\nbuild/%.o: %.c | build\n\tcc -c -o $@ $<\nbuild:\n\tmkdir -p $@\n",
    "app",
    ["/build/", "/app"],
  ],
  ["lines that go on, and a program of one source", "p: \\\n p.o\nFLAGS ::= x\nx := y\n", "p", ["/p"]],
  ["goals that make no file", "test:\n\t./run-tests\nclean:\n\trm -f *.o\n", undefined, []],
];

for (const [what, text, program, makes] of MAKEFILES) {
  test(`of a Makefile with ${what}, the program and what is not a source are known`, () => {
    assert.deepEqual(readMakefile(text), { program, makes: [...BETWEEN, ...makes] });
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { COMPILERS } from "../../../devtool/build/compilers.ts";

test("a cmake project needs the compilers of the languages that it names, and those of C and C++ where it names none", () => {
  for (const [text, compilers] of [
    ["project(app)", ["gcc", "g++"]],
    ["", ["gcc", "g++"]],
    ["project(app CXX)", ["g++"]],
    ["PROJECT ( app C )", ["gcc"]],
    ['project(app VERSION 1.0 DESCRIPTION "A C library (old)" LANGUAGES CXX)', ["g++"]],
    ["project(app\n  VERSION 1.0\n  LANGUAGES C # not CXX\n)\nenable_language(CXX)", ["gcc", "g++"]],
    ['project("my app" LANGUAGES NONE)', []],
    ["# project(app C)\nproject(app CXX ASM)", ["g++"]],
  ] as const)
    assert.deepEqual(COMPILERS.cmake(text), compilers, text);
});

test("a Makefile needs the compilers that it speaks of, by the names that it gives them, and gcc where it speaks of none", () => {
  for (const [text, compilers] of [
    ["all: ; $(CC) -o a a.c", ["gcc"]],
    ["include rules.mk", ["gcc"]],
    ["CXXFLAGS = -O2\na: a.o\n\t$(CXX) -o a a.o", ["g++"]],
    ["a: a.cpp\n\tg++ -o a a.cpp", ["g++"]],
    ["CC := clang\nCXX = /opt/bin/clang++ -stdlib=libc++\na: a.c b.cc", ["clang", "/opt/bin/clang++"]],
    ["CC = $(CROSS)gcc\na: a.c", ["gcc"]],
    ["# g++ is not used\na: a.c", ["gcc"]],
  ] as const)
    assert.deepEqual(COMPILERS.make(text), compilers, text);
});

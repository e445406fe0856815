/** The compilers that a CMakeLists.txt or a Makefile asks for, as far as its words tell. */
export const COMPILERS = { cmake: ofCMakeLists, make: ofMakefile } as const;

const LANGUAGES: Readonly<Record<string, string>> = { C: "gcc", CXX: "g++" };
const LANGUAGE = /^(?:C|CXX|CSharp|CUDA|Fortran|HIP|ISPC|OBJC|OBJCXX|Swift|ASM\w*|NONE)$/;

/** project() enables C and C++ unless it names others. */
function ofCMakeLists(text: string): string[] {
  const bare = text.replace(/#.*/g, "").replace(/"[^"]*"/g, '""');
  const wordsOf = (call: RegExp) => [...bare.matchAll(call)].flatMap(([, words = ""]) => words.split(/\s+/));
  const named = wordsOf(/\bproject\s*\(\s*[^\s)]+([^)]*)\)/gi).filter((word) => LANGUAGE.test(word));
  const all = [...(named.length > 0 ? named : ["C", "CXX"]), ...wordsOf(/\benable_language\s*\(([^)]*)\)/gi)];
  return [...new Set(all.flatMap((language) => LANGUAGES[language] ?? []))];
}

function ofMakefile(text: string): string[] {
  const bare = text.replace(/#.*/g, "");
  const isCxx = /\bCXX\b|\bg\+\+|\.(?:cc|cpp|cxx)\b/.test(bare);
  const isC = /\bCC\b|\bgcc\b|\.c\b/.test(bare) || !isCxx;
  return [...(isC ? [assigned(bare, "CC") ?? "gcc"] : []), ...(isCxx ? [assigned(bare, "CXX") ?? "g++"] : [])];
}

function assigned(makefile: string, variable: string): string | undefined {
  return new RegExp(`^\\s*${variable}\\s*:*=[ \\t]*([\\w./+-]+)(?=\\s|$)`, "m").exec(makefile)?.[1];
}

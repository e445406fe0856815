/** The output of an incremental bundle that has the modules which did not change lately; no entry point can have its name. */
export const LIBRARY = "devtool-modules";
/** Its first line where nothing runs when it is loaded: each module is a function, for the program to call. */
export const RUNS_NOTHING = "// devtool: runs nothing\n";

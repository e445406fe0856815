/*
 * bridge.exe PROGRAM ARGUMENT...: runs a program with pipes of Windows as its stdin, stdout and stderr, and copies them.
 * Node.js for Windows can't open a pipe of Linux, which wine hands on as it is.
 */
#include <windows.h>

struct copy {
	HANDLE from, to;
};

static DWORD WINAPI copy(void *argument)
{
	struct copy *ends = argument;
	char bytes[65536];
	DWORD read, written;

	while (ReadFile(ends->from, bytes, sizeof bytes, &read, NULL) && read > 0)
		for (DWORD at = 0; at < read; at += written)
			if (!WriteFile(ends->to, bytes + at, read - at, &written, NULL))
				return 1;
	CloseHandle(ends->to);
	return 0;
}

/* The command line without its first word. */
static WCHAR *arguments(void)
{
	WCHAR *line = GetCommandLineW();
	WCHAR end = *line == L'"' ? L'"' : L' ';

	do
		line++;
	while (*line && *line != end);
	while (*line == L'"' || *line == L' ')
		if (*line++ == L' ' && *line != L' ')
			break;
	return line;
}

int main(void)
{
	SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
	STARTUPINFOW startup = { sizeof startup };
	PROCESS_INFORMATION process;
	HANDLE ends[3][2], threads[2];
	DWORD code;

	for (int i = 0; i < 3; i++) {
		CreatePipe(&ends[i][0], &ends[i][1], &inherited, 65536);
		SetHandleInformation(ends[i][i == 0], HANDLE_FLAG_INHERIT, 0);
	}
	startup.dwFlags = STARTF_USESTDHANDLES;
	startup.hStdInput = ends[0][0];
	startup.hStdOutput = ends[1][1];
	startup.hStdError = ends[2][1];
	if (!CreateProcessW(NULL, arguments(), NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
		return 127;
	CloseHandle(ends[0][0]);
	CloseHandle(ends[1][1]);
	CloseHandle(ends[2][1]);
	struct copy in = { GetStdHandle(STD_INPUT_HANDLE), ends[0][1] };
	struct copy out = { ends[1][0], GetStdHandle(STD_OUTPUT_HANDLE) };
	struct copy err = { ends[2][0], GetStdHandle(STD_ERROR_HANDLE) };
	CreateThread(NULL, 0, copy, &in, 0, NULL);
	threads[0] = CreateThread(NULL, 0, copy, &out, 0, NULL);
	threads[1] = CreateThread(NULL, 0, copy, &err, 0, NULL);
	WaitForSingleObject(process.hProcess, INFINITE);
	WaitForMultipleObjects(2, threads, TRUE, INFINITE);
	GetExitCodeProcess(process.hProcess, &code);
	ExitProcess(code);
}

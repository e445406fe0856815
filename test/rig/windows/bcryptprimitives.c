/* bcryptprimitives.dll, which wine 8 lacks and programs in Go, such as esbuild, load at their start. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
	while (length > 0) {
		ULONG piece = length > 0x40000000 ? 0x40000000 : (ULONG)length;
		if (!SystemFunction036(buffer, piece))
			return FALSE;
		buffer += piece;
		length -= piece;
	}
	return TRUE;
}

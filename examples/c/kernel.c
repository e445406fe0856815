#include "kernel.h"

#include <stdio.h>
#include <sys/utsname.h>

int kernel_release(char release[KERNEL_RELEASE_SIZE])
{
	struct utsname system;

	if (uname(&system) != 0)
		return -1;
	snprintf(release, KERNEL_RELEASE_SIZE, "%s", system.release);
	return 0;
}

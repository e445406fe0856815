#include <stdio.h>

#include "kernel.h"

int main(void)
{
	char release[KERNEL_RELEASE_SIZE];

	if (kernel_release(release) != 0) {
		perror("uname");
		return 1;
	}
	printf("hello from Linux %s\n", release);
	return 0;
}

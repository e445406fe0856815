#ifndef KERNEL_H
#define KERNEL_H

#define KERNEL_RELEASE_SIZE 65

/* Writes the running kernel's release. Returns -1 and sets errno on failure. */
int kernel_release(char release[KERNEL_RELEASE_SIZE]);

#endif

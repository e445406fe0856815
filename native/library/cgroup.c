/* What a cgroup v2 has no file for. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "shim.h"
#include "sys.h"

#define INSTRUCTION_BYTES sizeof(struct bpf_insn)

static int load_program(const uint8_t *code, size_t length) {
    /* The rest of the union, which newer kernels read more of, must be 0. */
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uintptr_t)code;
    attributes.insn_cnt = (uint32_t)(length / INSTRUCTION_BYTES);
    attributes.license = (uintptr_t) "";
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}

int td_cgroup_devices(int cgroup, const uint8_t *code, size_t length) {
    int program = load_program(code, length);
    if (program < 0)
        return -errno;
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI; /* beside those of the cgroups above, as systemd attaches them */
    int error = syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) == 0 ? 0 : errno;
    close(program);
    return -error;
}

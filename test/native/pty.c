/*
 * For tests: pty ROWS COLS NEW_ROWS NEW_COLS CMD [ARG…] runs CMD on a terminal of that size and copies between it and
 * standard input and output. SIGUSR1 gives the terminal its new size. Ends as CMD does; with 128 plus the number of a signal.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master;
static struct winsize later;

static void resize(int number) {
    (void)number;
    ioctl(master, TIOCSWINSZ, &later);
}

static int copy(int from, int to) {
    char buffer[4096];
    ssize_t got = read(from, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR)
        return 1;
    return got > 0 && write(to, buffer, (size_t)got) == got;
}

int main(int argc, char **argv) {
    if (argc < 6)
        return 2;
    struct winsize size = {.ws_row = (unsigned short)atoi(argv[1]), .ws_col = (unsigned short)atoi(argv[2])};
    later = (struct winsize){.ws_row = (unsigned short)atoi(argv[3]), .ws_col = (unsigned short)atoi(argv[4])};
    pid_t pid = forkpty(&master, NULL, NULL, &size);
    if (pid == 0) {
        execvp(argv[5], argv + 5);
        _exit(127);
    }
    signal(SIGUSR1, resize);
    struct pollfd fds[2] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents && !copy(master, 1))
            break;
        if (fds[1].fd >= 0 && fds[1].revents && !copy(0, master))
            fds[1].fd = -1;
    }
    struct termios mode;
    /* The terminal outlives the command here, so a test can see the mode it was left in. */
    if (tcgetattr(master, &mode) == 0)
        fprintf(stderr, "%s\n", (mode.c_lflag & ICANON) && (mode.c_lflag & ECHO) ? "cooked" : "raw");
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

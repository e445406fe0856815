/*
 * For tests: pty ROWS COLS NEW_ROWS NEW_COLS CMD [ARG…] runs CMD on a terminal of that size and copies between it and
 * standard input and output, one way in a process of its own, so that neither waits for the other. SIGUSR1 gives the terminal
 * its new size; SIGUSR2 makes it show no more, until SIGCONT; SIGTERM closes it. Ends as CMD does; with 128 plus the number
 * of a signal.
 */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master;
static pid_t typist;
static struct winsize later;

static void resize(int number) {
    (void)number;
    ioctl(master, TIOCSWINSZ, &later);
}

static void freeze(int number) {
    (void)number;
    pause(); /* until a signal that is handled */
}

static void hang_up(int number) {
    (void)number;
    kill(typist, SIGKILL);
    while (waitpid(typist, NULL, 0) < 0 && errno == EINTR)
        ;
    close(master);
}

static void thaw(int number) { (void)number; }

static void copy(int from, int to) {
    char buffer[4096];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        for (ssize_t at = 0; at < got;) {
            ssize_t written = write(to, buffer + at, (size_t)(got - at));
            if (written > 0)
                at += written;
            else if (errno != EINTR)
                return;
        }
    }
}

static pid_t start_typist(void) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    copy(0, master);
    pause(); /* the terminal stays open */
    _exit(0);
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
    typist = start_typist();
    signal(SIGUSR1, resize), signal(SIGUSR2, freeze), signal(SIGCONT, thaw), signal(SIGTERM, hang_up);
    copy(master, 1);
    struct termios mode;
    /* The terminal outlives the command here, so a test can see the mode it was left in. */
    if (tcgetattr(master, &mode) == 0)
        fprintf(stderr, "%s\n", (mode.c_lflag & ICANON) && (mode.c_lflag & ECHO) ? "cooked" : "raw");
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    kill(typist, SIGKILL);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

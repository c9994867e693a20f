/* The program: hands the command line to ui/cli and turns its answer into the exit code. */
#include <signal.h>

#include "ui/cli/cli.h"

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error like a full disk, and says so */
    return cli_main(argc, argv);
}

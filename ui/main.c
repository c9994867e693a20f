/* The program: hands the command line to ui/cli and turns its answer into the exit code. */
#include "ui/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}

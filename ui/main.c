/* The program: hands the command line to ui/cli and turns its answer into the exit code. */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("electroscope 0.1.0");
    return 0;
}

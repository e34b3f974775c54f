#include "app/lazaret/cli.h"

int main(int argc, char** argv) { return lazaret::cli::RunCli(argc, argv); }

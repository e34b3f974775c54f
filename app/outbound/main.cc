// lazaret-outbound: reports its status to the supervisor and waits for work of its zone.
#include "app/process/role.h"

int main() { return lazaret::process::RunStatusOnlyRole("lazaret-outbound"); }

#ifndef TASKER_CLIBYAML_SHIM_H
#define TASKER_CLIBYAML_SHIM_H
#include <yaml.h>
#endif

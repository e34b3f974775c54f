// Steps of LoadConfig that stand in files of their own.
#ifndef LAZARET_APP_CONFIG_LOAD_H_
#define LAZARET_APP_CONFIG_LOAD_H_

#include "app/config/config.h"

namespace lazaret::config {

// Built-in reply texts for languages that have none written.
void FillTemplates(Reply& reply);

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_LOAD_H_

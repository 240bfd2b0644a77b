/*
 * datum.h - what a PutMetricData request may hold.
 *
 * Source: the API reference of CloudWatch, PutMetricData, MetricDatum, StatisticSet and
 * Dimension. Members it does not know are refused, for they are slips of the caller.
 */
#ifndef EMULATOR_DATUM_H
#define EMULATOR_DATUM_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "reply.h"

/* All of the request, an object; numbers are reals. False: rp says what is wrong. */
bool datum_check_all(const json_t *in, time_t now, struct reply *rp);

#endif

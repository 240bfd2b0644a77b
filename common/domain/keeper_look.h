/*
 * keeper_look.h - the numbers a run of the keeper decides by.      layer: domain
 *
 * For keeper.c only.
 */
#ifndef DOMAIN_KEEPER_LOOK_H
#define DOMAIN_KEEPER_LOOK_H

#include "domain/scaling.h"
#include "domain/stage_work.h"

struct keeper_view {
	int64_t now_ms;			  /* clock of Redis */
	bool live;			  /* as known last: decisions go by it */
	struct publisher_known publisher; /* how well */
	struct str participant_id;	  /* of the publisher; empty: not known */
	int64_t joins_in_5_s, refused, orders;
	int64_t replicas_most; /* beyond which AWS refused one lately; -1: it did not */
	struct stage *stages;  /* the master first */
	int64_t *seats;	       /* taken, of each */
	size_t n_stages;
	bool viewers_known; /* as struct show has it */
	bool synced;	    /* the registry was compared with AWS just now */
};

/* One script. only_look: changes nothing. */
bool keeper_view_read(
    struct stage_work *w, bool only_look, struct keeper_view *ret, struct err *err);

/*
 * Whether AWS is to be asked which replicas there are: of who is live; of who was, so that he
 * finds none open that AWS has ended meanwhile.
 */
bool keeper_view_has_replicas(const struct keeper_view *v);

/* Stages whose entry cannot be read, and a master that is gone, are left out. */
void keeper_view_input(const struct config *cfg, const struct keeper_view *v,
    struct arena *a, struct scaling_input *ret);

/* Nothing is decided by a Redis that went back in time; without PostgreSQL nobody can tell. */
void keeper_compare(struct stage_work *w);

#endif

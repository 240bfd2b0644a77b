#include "ctl/commands.h"

#include "base/banned.h"

const struct ctl_command ctl_commands[] = {
	{ { "signing-key", "create" }, "", 0,
	    OPT_BIT(OPT_FILE) | OPT_BIT(OPT_NAME) | OPT_BIT(OPT_NO_IMPORT),
	    ctl_key_create, "make a key for local tokens and import its public half",
	    "Makes an EC P-384 pair. The private half goes into a new file of mode 0600, which\n"
	    "is never overwritten; the public half to AWS. The file's first line says under\n"
	    "which ARN. Run it as the user the programs run as, in a folder he may write to; made\n"
	    "by root, the file belongs to whom the folder belongs.\n" },
	{ { "signing-key", "import" }, "", 0, OPT_BIT(OPT_FILE) | OPT_BIT(OPT_NAME),
	    ctl_key_import, "import the public half of the file's key",
	    "Finishes a create that could not import, and takes in a key made by other means.\n"
	    "A key that AWS knows already is found, and its ARN written into the file.\n" },
	{ { "signing-key", "list" }, "", 0, OPT_BIT(OPT_FILE) | CTL_READS, ctl_key_list,
	    "show the public keys of the account in the region",
	    "Which is in use, which was rotated out and from when it may be deleted. AWS keeps\n"
	    "three.\n" },
	{ { "signing-key", "rotate" }, "", 0,
	    OPT_BIT(OPT_FILE) | OPT_BIT(OPT_NAME) | OPT_BIT(OPT_DISCARD_OLD),
	    ctl_key_rotate, "replace the key while the programs run",
	    "Makes a new pair, imports it, then replaces the file in one step; programs take it\n"
	    "within a second. The old private key stays beside it as PATH.old. The old public\n"
	    "key stays imported: delete it when the tokens it signed have expired. Stopped\n"
	    "half-way, the same command goes on. IVS_SIGNING_KEY_ARN must not be set.\n" },
	{ { "signing-key", "delete" }, "ARN", 1, OPT_BIT(OPT_FILE) | OPT_BIT(OPT_FORCE),
	    ctl_key_delete, "delete a public key at AWS",
	    "ARN may be the part behind public-key/ alone. The key in use is never deleted; one\n"
	    "whose tokens may still be valid, and one that is not of this show, only with\n"
	    "--force. No file is touched.\n" },
	{ { "key", "create" }, "", 0,
	    OPT_BIT(OPT_SCOPES) | OPT_BIT(OPT_EXPIRES) | OPT_BIT(OPT_NOTE),
	    ctl_api_key_create, "make an API key and print it, once",
	    "Scopes: read (every GET), viewer (heartbeat, leave, rejoin, duration), token (tokens),\n"
	    "admin (everything), events (POST /api/stats/events alone, for EventBridge), metrics\n"
	    "(GET /metrics alone, for Prometheus). Only its SHA-256 is kept. It works at once.\n" },
	{ { "key", "list" }, "", 0, CTL_READS, ctl_api_key_list,
	    "show the API keys: scopes, state, last use",
	    "Also those that expired or were revoked. The last use is some minutes late at most.\n" },
	{ { "key", "rotate" }, "ID", 1, OPT_BIT(OPT_OVERLAP), ctl_api_key_rotate,
	    "make a key in place of another, which ends later",
	    "The new one has the same scopes, note and length of life; both work until the overlap\n"
	    "is over.\n" },
	{ { "key", "revoke" }, "ID", 1, 0, ctl_api_key_revoke, "end an API key now",
	    "Within two seconds no program takes it. Should Redis be away, it says so: the key then\n"
	    "still works, until this or key publish is run again.\n" },
	{ { "key", "publish" }, "", 0, 0, ctl_api_key_publish,
	    "give the programs the API keys as PostgreSQL has them",
	    "After a change that could not reach Redis. create, rotate and revoke do it, too.\n" },
	{ { "stage", "list" }, "", 0, CTL_READS | CTL_STATE, ctl_stage_list,
	    "show the stages, who is there and where the picture comes from",
	    "From the registry in Redis; AWS is not asked.\n" },
	{ { "stage", "create" }, "NAME", 1,
	    OPT_BIT(OPT_TAG) | OPT_BIT(OPT_MAX_VIEWERS) | OPT_BIT(OPT_ORDER) | CTL_STATE,
	    ctl_stage_create, "make a stage",
	    "It takes viewers once the publisher is replicated to it, which the job autoscale\n"
	    "does at its next run. A stage made by hand is never removed automatically.\n" },
	{ { "stage", "drain" }, "ID", 1, CTL_STATE, ctl_stage_drain,
	    "let nobody new onto a stage", "ID is the part of the ARN behind stage/.\n" },
	{ { "stage", "undrain" }, "ID", 1, CTL_STATE, ctl_stage_undrain,
	    "let viewers onto it again", "ID is the part of the ARN behind stage/.\n" },
	{ { "stage", "delete" }, "ID", 1, CTL_STATE, ctl_stage_delete,
	    "delete an empty stage, here and at AWS",
	    "Not the master stage, and none on which a seat is taken: drain it first.\n" },
	{ { "stage", "explain" }, "", 0, CTL_READS | CTL_STATE, ctl_stage_explain,
	    "what autoscale would do now, and why",
	    "Changes nothing, does not call AWS.\n" },
	{ { "presence", "check" }, "", 0, CTL_READS | CTL_STATE, ctl_presence_check,
	    "hold seats, sessions and the history against each other",
	    "Every structure against every other, while the show goes on; changes nothing but\n"
	    "that waiting records are written. Ends with 1 when something differs.\n" },
	{ { "presence", "repair" }, "", 0, OPT_BIT(OPT_DRY_RUN) | CTL_STATE,
	    ctl_presence_repair, "mend what presence check finds",
	    "Who sits stays seated. A row of somebody who is not there ends when he was last\n"
	    "known of. Ends with 1 when something is left.\n" },
	{ { "presence", "reload" }, "", 0, 0, ctl_presence_reload,
	    "have Redis filled from PostgreSQL again",
	    "For after a restored backup. Until it is done, some seconds, the programs answer 503.\n" },
	{ { "viewer", "forget" }, "USER", 1,
	    OPT_BIT(OPT_DRY_RUN) | OPT_BIT(OPT_YES) | CTL_STATE, ctl_viewer_forget,
	    "delete all that is kept about a person",
	    "His history, his seat and his ban, in PostgreSQL and in Redis, also what is not\n"
	    "written yet. AWS is not asked: to send him off, call POST /api/viewer/kick first.\n"
	    "On a terminal the command asks before it deletes; elsewhere it needs --yes.\n" },
	{ { "plan", NULL }, "N", 1,
	    OPT_BIT(OPT_CAPACITY) | OPT_BIT(OPT_REPLICAS) | CTL_READS, ctl_plan,
	    "what N viewers need, and the first limit in the way",
	    "With the settings of now, one publisher and AWS' quotas as they are by default.\n" },
	{ { "settings", NULL }, "NAME...", 1,
	    OPT_BIT(OPT_SH) | OPT_BIT(OPT_GIVEN) | CTL_READS | CTL_MANY | CTL_UNLOADED,
	    ctl_settings, "print settings as the programs understand them",
	    "For scripts: no other settings are asked for. Those of the same sections are judged;\n"
	    "what others do wrong to each other is a warning. Secrets are printed as ***, but with --sh as they are; never to a\n"
	    "terminal. In sh: settings=$(ivsctl settings --sh DB_HOST DB_PORT) && eval \"$settings\"\n" },
};
const size_t ctl_commands_count = sizeof(ctl_commands) / sizeof(*ctl_commands);

const struct ctl_option_help ctl_options[OPT_COUNT] = {
	[OPT_JSON] = { "json", NULL, "the result as one JSON object" },
	[OPT_FILE] = { "file", "PATH", "the key file; default: IVS_SIGNING_KEY_FILE" },
	[OPT_NAME] = { "name", "NAME", "of the key at AWS; default: prefix and date" },
	[OPT_NO_IMPORT] = { "no-import", NULL, "only make the file" },
	[OPT_DISCARD_OLD] = { "discard-old", NULL, "do not keep the old private key" },
	[OPT_FORCE] = { "force", NULL, "whoever may still be using it" },
	[OPT_TAG] = { "tag", "NAME=VALUE", "a tag at AWS; may come several times" },
	[OPT_MAX_VIEWERS] = { "max-viewers", "N", "default: MAX_VIEWERS_PER_STAGE" },
	[OPT_ORDER] = { "order", "WORD",
	    "the same word never makes two stages: for scripts that repeat" },
	[OPT_CAPACITY] = { "capacity", "N",
	    "viewers on a stage; default: MAX_VIEWERS_PER_STAGE" },
	[OPT_REPLICAS] = { "replicas", "N", "default: IVS_MAX_REPLICAS" },
	[OPT_DRY_RUN] = { "dry-run", NULL, "only say what would be done" },
	[OPT_SCOPES] = { "scopes", "LIST",
	    "of read, viewer, token, admin, events, metrics, with commas" },
	[OPT_EXPIRES] = { "expires", "WHEN", "90d, 12h, or a date; default: never" },
	[OPT_NOTE] = { "note", "TEXT", "whose it is, what for" },
	[OPT_OVERLAP] = { "overlap", "SPAN",
	    "how long the old key goes on; default: 24h" },
	[OPT_YES] = { "yes", NULL, "do not ask" },
	[OPT_SH] = { "sh", NULL, "as assignments for eval in sh, secrets included" },
	[OPT_GIVEN] = { "given", NULL,
	    "only those that the environment or the file gives" },
	[OPT_HELP] = { "help", NULL, "how a command is used" },
	[OPT_VERSION] = { "version", NULL, "the version" },
};

/* ---- help ---- */

static const char *
second_word(const struct ctl_command *cmd)
{
	return cmd->words[1] != NULL ? cmd->words[1] : "";
}

static void
help_line(const struct ctl_command *cmd, FILE *out)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s%s%s", cmd->words[0],
	    cmd->words[1] ? " " : "", second_word(cmd), cmd->args[0] ? " " : "",
	    cmd->args);
	fprintf(out, "  %-22s %s\n", text, cmd->line);
}

void
ctl_help_family(const char *word, FILE *out)
{
	size_t i;

	for (i = 0; i < ctl_commands_count; i++)
		if (word == NULL || strcmp(ctl_commands[i].words[0], word) == 0)
			help_line(&ctl_commands[i], out);
}

void
ctl_help(FILE *out)
{
	fprintf(out,
	    "ivsctl %s - the operator's command line of ivs-live\n\n"
	    "Usage: ivsctl COMMAND [ARGUMENT] [OPTION...]\n\n",
	    IVS_VERSION);
	ctl_help_family(NULL, out);
	fprintf(out,
	    "  %-22s how that command is used\n"
	    "\nWith every command: --json for machines, --help. Options may stand anywhere.\n"
	    "\nSettings are those of the programs: the environment and one file, IVS_ENV_FILE,\n"
	    "else ./.env, else /etc/ivs-live/env. Results go to stdout, notes and errors to\n"
	    "stderr. Every command may be repeated: what is done already is found done; only key\n"
	    "create and key rotate make another key each time.\n"
	    "\nExit codes: 0 done; 1 presence check or repair leaves differences; 64 the command\n"
	    "was not understood; 65 it cannot be done as things are (not there, exists already,\n"
	    "in use, not yours); 69 Redis or AWS is away or a quota is used up; 70 our own fault;\n"
	    "78 a setting, a key file, an AWS key or\n"
	    "its permissions are wrong, or the database has another schema.\n",
	    "help COMMAND");
}

void
ctl_help_command(const struct ctl_command *cmd, FILE *out)
{
	size_t i;

	fprintf(out, "Usage: ivsctl %s%s%s%s%s [OPTION...]\n\n%s: %s.\n\n%s\n",
	    cmd->words[0], cmd->words[1] ? " " : "", second_word(cmd),
	    cmd->args[0] ? " " : "", cmd->args,
	    cmd->words[1] ? cmd->words[1] : cmd->words[0], cmd->line, cmd->text);
	for (i = 0; i < OPT_COUNT; i++) {
		const struct ctl_option_help *o = &ctl_options[i];
		char text[64];

		if ((cmd->options & OPT_BIT(i)) == 0 && i != OPT_JSON)
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", o->name, o->arg ? " " : "",
		    o->arg ? o->arg : "");
		fprintf(out, "  %-22s %s\n", text, o->line);
	}
}

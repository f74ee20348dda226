/** The end of `capstan --help`. */
export const programHelp: string = `
More help:
  capstan COMMAND --help     Show the options and examples of a command
  capstan help exit-status   Show the exit statuses
  capstan help environment   Show the environment variables`

/** The texts of `capstan help TOPIC`. */
export const helpTopics: Readonly<Record<string, string>> = {
  'exit-status': `Exit status of capstan:

  the exit code of the container (run) or of the command in it (exec); else
    0  success
    1  build: the build failed; compose: a service is not ready;
       doctor: no runtime for real containers is available, or the selected
       runtime or endpoint is not; conformance: a case failed, or the runtime
       could not be closed
    3  conformance: the plugin threw an uncaught error, left a rejection
       unhandled, or exited the process; the report is complete
  125  Capstan failed; the reason is on stderr, or, for sweep and quickstart, in
       the output
  126  the command in the container cannot be executed
  127  the image or container has no such command
  130  interrupted by Ctrl-C; 143 by SIGTERM; 129 by SIGHUP; 141 when stdout was
       closed
`,
  environment: `Environment of capstan:

  CAPSTAN_RUNTIME  the runtime to use, and no other
  CAPSTAN_PROBE_TIMEOUT  seconds to wait for a runtime to answer (default: 10
       for a local socket, 30 for tcp and for a command)
  DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG  as the docker command reads them;
       --context precedes the first two
  CAPSTAN_BUILDKIT_IMAGE  the image of BuildKit, instead of the default
  NO_COLOR  disables colours
`,
}

import { toExamples } from './options/command-definition.js'

/** The end of `capstan --help`: examples, exit statuses and environment variables. */
export const programHelp: string = `${toExamples({
  'capstan quickstart': 'Build, run and clean up a small example',
  'capstan doctor': 'Show the runtimes on this machine and their capabilities',
  "capstan run --rm busybox echo 'it works'": 'Run a command in a new container',
})}

Exit status:
  the exit code of the container (run) or of the command in it (exec); else
    0  success
    1  doctor: no runtime for real containers is available, or the selected
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

Environment:
  CAPSTAN_RUNTIME  the runtime to use, and no other
  CAPSTAN_PROBE_TIMEOUT  seconds to wait for a runtime to answer (default: 10 for
       a local socket, 30 for tcp and for a command)
  DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG  as the docker command reads them
  CAPSTAN_BUILDKIT_IMAGE  the image of BuildKit, instead of the default
  NO_COLOR  disables colours`

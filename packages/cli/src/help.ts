import { toExamples } from './commands/command-line.js'

export const programExamples: string = toExamples({
  'capstan quickstart': 'build, run and clean up an example',
  'capstan doctor': 'the runtimes of this machine and their capabilities',
  "capstan run --rm busybox echo 'it works'": 'a command in a container',
})

export const exitStatusHelp = `

Exit status:
  the exit code of the container (run) or of the command in it (exec); else
    0  success
    1  doctor: no runtime for real containers is available; conformance: a
       case failed
    3  conformance: the plugin threw where nothing catches it, or ended the
       process; the report is complete
  125  Capstan failed; stderr says why
  126  the command in the container cannot be executed
  127  the image or container has no such command
  130  interrupted by Ctrl-C; 143 by SIGTERM; 141 when stdout was closed

Environment:
  CAPSTAN_RUNTIME  the runtime to use, and no other
  CAPSTAN_PROBE_TIMEOUT  seconds to wait for a runtime to answer (default: 10 for
       a socket of this machine, 30 for tcp and for a command)
  DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG  as the docker command reads them
  CAPSTAN_BUILDKIT_IMAGE  the image of BuildKit, instead of the default
  NO_COLOR  no colours`

import { toExamples } from './commands/command-line.js'

export const programExamples: string = toExamples({
  'capstan quickstart': 'see all of it at work',
  'capstan doctor': 'which runtimes are here, and what each can do',
  "capstan run --rm busybox echo 'it works'": 'a command in a container',
})

export const exitStatusHelp = `

Exit status:
  that of the container (run) or of the command in it (exec); else
    0  it was done
    1  doctor: no runtime is here that runs real containers; conformance: a
       promise is not kept
  125  Capstan could not do it; stderr says why
  126  the command in the container may not be executed
  127  there is no such command in the image or container
  130  ended by Ctrl-C; 143 by SIGTERM; 141 because the reader of stdout left

Environment:
  CAPSTAN_RUNTIME  the runtime to use, and no other
  CAPSTAN_PROBE_TIMEOUT  seconds to wait for a runtime to answer (default: 10 for
       a socket of this machine, 30 for tcp and for a command)
  DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG  as the docker command reads them
  CAPSTAN_BUILDKIT_IMAGE  another image of BuildKit than the default
  NO_COLOR  no colours`

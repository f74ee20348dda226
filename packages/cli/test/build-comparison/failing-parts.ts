import type { BuildPart } from './succeeding-parts.js'

/** Parts with which a build fails. A build has at most one, after its other parts. */
export const failingParts: Readonly<Record<string, BuildPart>> = {
  'a step that exits with a status': (build) => {
    build.steps.push(`RUN echo before; echo error >&2; exit ${1 + build.dice.below(120)}`)
  },
  'a step whose command does not exist': (build) => {
    build.steps.push('RUN no-such-command')
  },
  'a step whose program does not exist': (build) => {
    build.steps.push('RUN ["/no/such/program"]')
  },
  'a step in a stage that fails': (build) => {
    build.stages.push(`FROM ${build.image} AS failing`, 'RUN exit 3')
    build.steps.push('COPY --from=failing /x /x')
  },
  'a missing file': (build) => {
    build.steps.push('COPY no-such-file /')
  },
  'a link without a file as a source': (build) => {
    build.addFile('excluded.txt')
    build.ignored.push('excluded.txt')
    build.addLink('loop', 'pool')
    build.addLink('pool', 'loop')
    const target = build.dice.pick(['missing', '../outside-of-the-context', '/etc/hostname', 'excluded.txt', 'loop'])
    build.steps.push(`COPY ${build.addLink('link', target)} /`)
  },
  'an excluded file': (build) => {
    build.addFile('excluded.txt')
    build.ignored.push('excluded.txt')
    build.steps.push('COPY excluded.txt /')
  },
  'a file outside of the context': (build) => {
    build.steps.push('COPY ../outside /')
  },
  'a missing file of a stage': (build) => {
    build.stages.push(`FROM ${build.image} AS without`, 'RUN true')
    build.steps.push('COPY --from=without /no-such-file /')
  },
  'a missing base': (build) => {
    build.base = 'localhost:1/absent:1'
    build.steps.splice(0, build.steps.length, 'RUN true')
  },
  'a missing image of a COPY': (build) => {
    build.steps.push('COPY --from=localhost:1/absent:1 / /')
  },
  'a missing base of an unused stage': (build) => {
    build.stages.push('FROM localhost:1/absent:1 AS unused')
    build.steps.push('RUN exit 4')
  },
  'an unreachable frontend': (build) => {
    build.opening.unshift('# syntax=localhost:1/frontend:1')
  },
  'a base without a name': (build) => {
    build.opening.push('ARG empty')
    build.base = `\${empty}`
  },
  'an invalid base': (build) => {
    build.base = 'In:Valid:Name'
  },
  'an unknown instruction': (build) => {
    build.steps.push('RUNN true')
  },
  'an instruction before FROM': (build) => {
    build.opening.push('RUN true')
  },
  'a COPY without a destination': (build) => {
    build.steps.push('COPY alone')
  },
  'a COPY of a directory over a file': (build) => {
    build.steps.push('RUN echo file >/occupied', `COPY ${build.addTree(build.createName('tree'))} /occupied/`)
    build.steps.push('RUN exit 5')
  },
  'an unknown flag': (build) => {
    build.steps.push('COPY --no-such-flag a /')
  },
  'an invalid --chmod': (build) => {
    build.steps.push(`COPY --chmod=abc! ${build.addFile(build.createName('file'))} /`)
  },
  'an unknown user': (build) => {
    build.steps.push('USER nobody-here', 'RUN true')
  },
  'a missing required secret': (build) => {
    build.steps.push('RUN --mount=type=secret,id=absent,required=true true')
  },
  'an invalid mount': (build) => {
    build.steps.push('RUN --mount=type=nothing,target=/x true')
  },
  'a missing source of a mount': (build) => {
    build.steps.push('RUN --mount=type=bind,source=no-such-directory,target=/mnt true')
  },
  'a target by number': (build) => {
    build.target = '0'
  },
  'an unknown target': (build) => {
    build.target = 'no-such-stage'
  },
  'a heredoc without an end': (build) => {
    build.steps.push('RUN <<END', 'echo never')
  },
  'an ENV without a value': (build) => {
    build.steps.push('ENV ALONE')
  },
  'an invalid port': (build) => {
    build.steps.push('EXPOSE port')
  },
  'an invalid HEALTHCHECK': (build) => {
    build.steps.push('HEALTHCHECK --interval=soon CMD true')
  },
  'an invalid signal': (build) => {
    build.steps.push('STOPSIGNAL SIGNOTHING')
  },
  'a WORKDIR over a file': (build) => {
    build.steps.push('RUN echo file >/occupied', 'WORKDIR /occupied/inside')
  },
  'an unterminated variable': (build) => {
    build.steps.push(`ENV X=\${unterminated`)
  },
  'a variable that must be set': (build) => {
    build.steps.push(`COPY \${missing:?must be set} /`)
  },
  'stages with equal names': (build) => {
    build.stages.push(`FROM ${build.image} AS twice`, `FROM ${build.image} AS twice`, 'RUN exit 6')
    build.steps.push('COPY --from=twice /x /x')
  },
  'stages that depend on themselves': (build) => {
    build.stages.push(`FROM ${build.image} AS one`, 'COPY --from=one /x /x')
    build.steps.push('COPY --from=one /x /x')
  },
  'an invalid pattern in .dockerignore': (build) => {
    build.addTree('tree')
    build.ignored.push('[z-a')
    build.steps.push('COPY tree /tree')
  },
  'a missing Dockerfile': (build) => {
    build.dockerfile = 'no-such.Dockerfile'
    build.hasDockerfile = false
  },
  'an empty Dockerfile': (build) => {
    build.addFile('Dockerfile', { content: '\n\n# only a comment\n' })
  },
}

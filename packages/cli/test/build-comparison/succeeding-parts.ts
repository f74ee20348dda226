import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { findProgram } from '../../../../tools/engine/engine-packages.mjs'
import { toTarArchive } from '../../../../tools/engine/tar-archive.mjs'
import type { BuildDraft } from './build-draft.js'

/** Adds instructions, files and options to a build, which succeeds with them. */
export type BuildPart = (build: BuildDraft) => void

/** The test image has users of these names. */
const owners = ['1000:1000', '7', '0:0', 'capstan', 'capstan:nogroup', '65534:0', ':1000'] as const
const modes = ['600', '0755', '4711', '1777', '640'] as const

/** Parts about the files of COPY and ADD. */
const copyParts: Readonly<Record<string, BuildPart>> = {
  'COPY of a file': (build) => {
    build.steps.push(`COPY ${build.addFile(build.createName('file'))} /copied/renamed`)
  },
  'COPY to a directory': (build) => {
    build.steps.push(`COPY ${build.addFile(build.createName('file'))} /target/`)
  },
  'COPY of a directory': (build) => {
    build.steps.push(`COPY ${build.addTree(build.createName('tree'))} /tree`)
  },
  'COPY of a directory with a slash': (build) => {
    build.steps.push(`COPY ${build.addTree(build.createName('tree'))}/ /etc/tree/`)
  },
  'COPY of the whole context': (build) => {
    build.addTree(build.createName('tree'))
    build.steps.push('COPY . /context/')
  },
  'COPY with a wildcard': (build) => {
    const tree = build.addTree(build.createName('wild'))
    build.addFile(`${tree}/other.bin`)
    build.steps.push(`COPY ${tree}/*.txt /wild/`)
  },
  'COPY with a class and a question mark': (build) => {
    for (const name of ['a1', 'b2', 'c3', 'd']) build.addFile(`classes/${name}`)
    build.steps.push('COPY classes/[a-b]? /classes/', 'COPY classes/[^a]* /others/')
  },
  'COPY of several sources': (build) => {
    const sources = [build.addFile(build.createName('one')), build.addTree(build.createName('two'))]
    build.steps.push(`COPY ${sources.join(' ')} /several/`)
  },
  'COPY of several sources to a path without a slash': (build) => {
    const sources = [build.addFile(build.createName('one')), build.addFile(build.createName('two'))]
    build.steps.push(`COPY ${sources.join(' ')} /without-slash`)
  },
  'COPY with a wildcard without a match': (build) => {
    build.steps.push(`COPY no-such-* ${build.addFile(build.createName('file'))} /matched/`)
  },
  'COPY with an unknown owner': (build) => {
    build.steps.push(`COPY --chown=nobody-here ${build.addFile(build.createName('file'))} /unknown-owner`)
  },
  'COPY in JSON form': (build) => {
    build.addFile('with space/a file')
    build.steps.push('COPY ["with space/a file", "/spaced target/"]')
  },
  'COPY with --chown': (build) => {
    const { dice } = build
    build.steps.push(`COPY --chown=${dice.pick(owners)} ${build.addTree(build.createName('owned'))} /owned`)
  },
  'COPY with --chmod': (build) => {
    const { dice } = build
    build.steps.push(`COPY --chmod=${dice.pick(modes)} ${build.addTree(build.createName('moded'))} /moded`)
  },
  'COPY with --chown and --chmod': (build) => {
    const { dice } = build
    const file = build.addFile(build.createName('file'))
    build.steps.push(`COPY --chown=${dice.pick(owners)} --chmod=${dice.pick(modes)} ${file} /both`)
  },
  'COPY with --link': (build) => {
    const { dice } = build
    const owner = dice.isHit(50) ? '--chown=5:6 ' : ''
    build.steps.push(`COPY --link ${owner}${build.addTree(build.createName('linked'))} /linked/`)
  },
  'COPY over a file': (build) => {
    const [first, second] = [build.addFile(build.createName('first')), build.addFile(build.createName('second'))]
    build.steps.push(`COPY ${first} /over`, `COPY ${second} /over`)
  },
  'COPY relative to WORKDIR': (build) => {
    const file = build.addFile(build.createName('file'))
    build.steps.push('WORKDIR /work', 'WORKDIR deeper/still', `COPY ${file} ../beside`, `COPY ${file} .`)
  },
  'COPY of unusual names': (build) => {
    for (const name of ['ünï', '-dash', 'a[b]', '.hidden', 'semi;colon', "quote'", '日本'])
      build.addFile(`names/${name}`)
    build.steps.push('COPY names /names')
  },
  'COPY of symbolic links': (build) => {
    build.addTree('links')
    build.addFile('links/real')
    build.addLink('links/to-file', 'real')
    build.addLink('links/to-missing', 'missing')
    build.addLink('links/to-self', '.')
    build.addLink('links/out', '../../outside')
    build.addLink('links/absolute', '/etc/hostname')
    build.steps.push('COPY links /links')
    if (build.dice.isHit(50)) build.steps.push('COPY links/to-file /followed')
  },
  'COPY of hard links': (build) => {
    build.addDirectory('hard')
    build.addFile('hard/one')
    build.addHardLink('hard/two', 'hard/one')
    build.addHardLink('hard/zero', 'hard/one')
    build.steps.push('COPY hard /hard')
  },
  'COPY of special modes': (build) => {
    build.addDirectory('special', 0o1777)
    for (const mode of [0o4755, 0o2755, 0o1644, 0o000, 0o111]) build.addFile(`special/${mode.toString(8)}`, { mode })
    build.steps.push('COPY special /special')
  },
  'COPY of empty files and directories': (build) => {
    build.addDirectory('nothing/inside/it')
    build.addFile('nothing/empty', { content: '' })
    build.steps.push('COPY nothing /nothing')
  },
  'COPY of a deep path': (build) => {
    const path = Array.from({ length: 25 }, (_, level) => `level-${level}`).join('/')
    build.addFile(`deep/${path}/${'long-name-'.repeat(20)}`)
    build.steps.push('COPY deep /deep')
  },
  'COPY of a large file': (build) => {
    const line = build.createText()
    build.addFile('large', { content: line.repeat(Math.ceil(3_000_000 / line.length)) })
    build.steps.push('COPY large /large')
  },
  'COPY through a link of the image': (build) => {
    const file = build.addFile(build.createName('file'))
    build.steps.push('RUN mkdir /real && ln -s /real /alias', `COPY ${file} /alias/`)
  },
  'COPY with a variable': (build) => {
    const file = build.addFile(build.createName('file'))
    build.steps.push(`ARG source=${file}`, 'ENV to=/variable', `COPY \${source} $to/\${missing:-default}`)
  },
  'COPY heredoc': (build) => {
    const quoted = build.dice.isHit(50)
    build.steps.push(
      'ARG who=world',
      `COPY --chmod=640 <<${quoted ? '"TEXT"' : 'TEXT'} <<-SECOND /heredoc/`,
      'hello $who',
      'TEXT',
      `\t\tindented \${who}`,
      '\tSECOND',
    )
  },
  'ADD of a directory': (build) => {
    build.steps.push(`ADD ${build.addTree(build.createName('added'))} /added/`)
  },
  'ADD of archives': (build) => {
    const archive = toTarArchive([
      { path: 'packed', directory: true, mode: 0o750 },
      { path: 'packed/file', content: Buffer.from(build.createText()), mode: 0o640 },
      { path: 'packed/link', link: 'file' },
    ])
    build.addFile('one.tar', { content: archive })
    build.addFile('two.tar.gz', { content: gzipSync(archive) })
    build.addFile('no.tar', { content: build.createText() })
    build.steps.push('ADD one.tar /unpacked/', 'ADD --chown=3:4 two.tar.gz /unpacked-gz/', 'ADD no.tar /kept/')
  },
  'ADD with a wildcard': (build) => {
    for (const name of ['x1.md', 'x2.md', 'y.md']) build.addFile(`documents/${name}`)
    build.steps.push('ADD documents/x*.md documents/y.?d /documents/')
  },
  'rules of .dockerignore': (build) => {
    const tree = build.addTree('ignored')
    for (const name of ['kept.log', 'gone.log', 'sub/kept.md', 'sub/gone.md']) build.addFile(`${tree}/${name}`)
    build.ignored.push('**/*.log', '!ignored/kept.log', 'ignored/sub', '!ignored/sub/kept.md', '# a comment', '')
    build.steps.push(`COPY ${tree} /ignored`)
  },
  'COPY of links as sources': (build) => {
    const file = build.addFile(build.createName('linked'))
    const tree = build.addTree(build.createName('linked'))
    // Above the root of the context is its root again, which is also that of absolute targets.
    build.addLink('sources/up', `../../../${file}`)
    build.addLink('sources/absolute', `/${file}`)
    build.addLink('sources/chain', 'up')
    build.addLink('sources/tree', `../${tree}`)
    build.addLink('sources/absolute-tree', `/${tree}`)
    for (const name of ['up', 'absolute', 'chain', 'tree', 'absolute-tree'])
      build.steps.push(`COPY sources/${name} /by-link/${name}`)
    build.steps.push(`ADD sources/absolute /added-by-link`)
    if (build.dice.isHit(50)) build.steps.push('COPY sources/a* /by-pattern/')
  },
  'COPY of a file below a link': (build) => {
    const tree = build.addTree(build.createName('below'))
    const file = build.addFile(`${tree}/named`)
    build.addLink('way/in', `../${tree}`)
    build.addLink('way/absolute', `/${tree}`)
    build.steps.push('COPY way/in/named /below-link', 'COPY way/absolute/named /below-absolute', `COPY ${file} /direct`)
    build.steps.push('RUN --mount=type=bind,source=way/absolute,target=/mnt cp /mnt/named /from-bound-link')
  },
  'COPY of links in loops': (build) => {
    build.addFile('loops/file')
    build.addLink('loops/one', 'two')
    build.addLink('loops/two', 'one')
    build.addLink('loops/self', 'self')
    build.addLink('loops/parent', '..')
    build.addLink('loops/outside', '../../../outside/file')
    build.steps.push('COPY loops /loops')
  },
}

/** Parts about the steps of a build. */
const runParts: Readonly<Record<string, BuildPart>> = {
  'RUN that creates files': (build) => {
    build.steps.push(
      'RUN mkdir -p /made/inside && echo text >/made/file && ln -s file /made/link && ln /made/file /made/hard && \\',
      '    chmod 4750 /made/file && chown 12:34 /made/inside && mkfifo /made/pipe && chmod 1777 /made',
    )
  },
  'RUN that removes files of the base': (build) => {
    build.steps.push('RUN rm /linuxrc && rm -r /usr/sbin && mkdir /usr/sbin && echo new >/usr/sbin/file')
  },
  'RUN that removes files of a COPY': (build) => {
    const tree = build.addTree(build.createName('removed'))
    build.steps.push(`COPY ${tree} /removed`, 'RUN rm -r /removed && echo "now a file" >/removed')
  },
  'RUN that changes modes and owners only': (build) => {
    const tree = build.addTree(build.createName('changed'))
    build.steps.push(`COPY ${tree} /changed`, 'RUN chmod -R go-rwx /changed && chown -R 1000:1000 /changed')
  },
  'RUN in JSON form': (build) => {
    build.steps.push('RUN ["/bin/sh", "-c", "echo $HOME >/exec-form"]')
  },
  'RUN heredoc': (build) => {
    build.steps.push(
      'RUN <<SCRIPT',
      'set -e',
      'mkdir /scripted',
      'for i in 1 2 3; do echo $i >/scripted/$i; done',
      'SCRIPT',
    )
  },
  'RUN heredoc with a shebang': (build) => {
    build.steps.push('RUN <<SCRIPT', '#!/bin/sh -e', 'basename "$0" | wc -l >/shebang', 'SCRIPT')
  },
  'RUN as a user': (build) => {
    build.steps.push('USER capstan', 'RUN id -u >/tmp/id && umask 077 && echo secret >/tmp/private')
    build.steps.push('USER 0:0')
  },
  'RUN with a cache mount': (build) => {
    build.steps.push(
      'RUN --mount=type=cache,target=/var/cache/part,id=capstan-comparison,mode=0700 \\',
      '    mkdir -p /var/cache/part/d && echo same >/var/cache/part/file && cp /var/cache/part/file /from-cache',
    )
  },
  'RUN with a bind mount': (build) => {
    const tree = build.addTree(build.createName('bound'))
    build.addFile(`${tree}/named`)
    build.steps.push(`RUN --mount=type=bind,source=${tree},target=/mnt cp /mnt/named /from-bind && ls /mnt >/listed`)
  },
  'RUN with a mount of a stage': (build) => {
    const stage = build.createName('mounted')
    build.stages.push(`FROM ${build.image} AS ${stage}`, 'RUN echo from the stage >/stage-file')
    build.steps.push(`RUN --mount=from=${stage},target=/mnt cp /mnt/stage-file /from-mount`)
  },
  'RUN with a tmpfs mount': (build) => {
    build.steps.push('RUN --mount=type=tmpfs,target=/scratch echo gone >/scratch/file && ls /scratch >/tmpfs-listed')
  },
  'RUN with secrets': (build) => {
    const id = build.createName('token')
    build.secrets[id] = `s3cret-${build.dice.below(1_000_000)}`
    build.steps.push(
      `RUN --mount=type=secret,id=${id} wc -c </run/secrets/${id} >/secret-length`,
      `RUN --mount=type=secret,id=${id},target=/etc/token,mode=0440,uid=5 stat -c '%a %u' /etc/token >/secret-mode`,
      'RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent',
    )
  },
  'RUN without a network': (build) => {
    build.steps.push('RUN --network=none ls /sys/class/net >/interfaces')
  },
  'RUN that writes much': (build) => {
    build.steps.push('RUN seq 1 3000; seq 1 100 >&2; printf "no end of line"')
  },
}

/** Parts about stages, arguments and the configuration of the image. */
const configParts: Readonly<Record<string, BuildPart>> = {
  'COPY from a stage': (build) => {
    const stage = build.createName('stage')
    const tree = build.addTree(build.createName('tree'))
    build.stages.push(
      `FROM ${build.image} AS ${stage}`,
      `COPY ${tree} /built`,
      'RUN chown 21:22 /built && echo x >/built/x',
    )
    build.steps.push(`COPY --from=${stage} /built /from-stage`, `COPY --from=${stage} --chown=9 /built/x /x`)
  },
  'COPY from a stage by number': (build) => {
    build.stages.unshift(`FROM ${build.image}`, 'RUN echo first >/first')
    build.steps.push('COPY --from=0 /first /first')
  },
  'COPY from an image': (build) => {
    build.steps.push(`COPY --from=${build.image} /etc/passwd /from-image/`)
  },
  'ONBUILD in the image': (build) => {
    build.steps.push('ONBUILD RUN echo later', 'ONBUILD COPY . /later')
  },
  'ARG in several scopes': (build) => {
    const name = build.createName('arg')
    build.opening.push(`ARG ${name}=global`)
    build.steps.push(`RUN echo "[$${name}]" >/before`, `ARG ${name}`, `RUN echo "[$${name}]" >/after`)
  },
  'ARG with a value of the command line': (build) => {
    const name = build.createName('arg')
    build.buildArgs[name] = `given ${build.dice.below(100)} "quoted"`
    build.steps.push(`ARG ${name}=default`, `ENV COPIED=$${name}`, `LABEL copied="\${${name}}"`)
  },
  'ENV before ARG': (build) => {
    build.buildArgs.shadowed = 'argument'
    build.steps.push('ENV shadowed=environment', 'ARG shadowed', 'RUN echo $shadowed >/shadowed')
  },
  'ENV in all forms': (build) => {
    build.steps.push(
      'ENV A=1 B="two words" C=three\\ words D=\'$A\'',
      'ENV old form with spaces',
      `ENV E=\${A:-no} F=\${MISSING:-yes} G=\${A:+set} H=\${MISSING:+set} I=\\\${A} PATH=$PATH:/added`,
    )
  },
  'LABEL in all forms': (build) => {
    build.steps.push('LABEL one=1 "two words"="a b" three="line \\', 'continued"', 'LABEL four=\'$HOME\' five="$HOME"')
  },
  'labels of the command line': (build) => {
    build.labels['org.example.given'] = `with = and "quotes" ${build.dice.below(100)}`
    build.labels.one = 'of the command line'
    build.steps.push('LABEL one="of the Dockerfile"')
  },
  'WORKDIR that does not exist': (build) => {
    build.steps.push('USER capstan', 'WORKDIR /new/$MISSING/dir', 'USER root')
  },
  'EXPOSE, VOLUME, STOPSIGNAL and HEALTHCHECK': (build) => {
    build.steps.push(
      'EXPOSE 80 443/tcp 53/udp 8000-8003',
      'VOLUME /data /other',
      'VOLUME ["/json volume"]',
      `STOPSIGNAL ${build.dice.pick(['SIGINT', '9', 'SIGRTMIN+3'])}`,
      build.dice.isHit(50)
        ? 'HEALTHCHECK --interval=5m --timeout=3s --retries=2 --start-period=1s CMD test -f /etc/passwd'
        : 'HEALTHCHECK NONE',
    )
  },
  SHELL: (build) => {
    build.steps.push('SHELL ["/bin/sh", "-ec"]', 'RUN false || echo shell >/shell', 'CMD echo by the shell')
  },
  'CMD and ENTRYPOINT': (build) => {
    const forms = [
      '["a", "b c"]',
      'a "b c" $HOME',
      '[ "not", json ]',
      '["/bin/sh", "-c", "echo \\"quoted\\""]',
      '[]',
    ] as const
    build.steps.push(`ENTRYPOINT ${build.dice.pick(forms)}`)
    if (build.dice.isHit(70)) build.steps.push(`CMD ${build.dice.pick(forms)}`)
  },
  'CMD before ENTRYPOINT': (build) => {
    build.steps.push('CMD ["first"]', 'ENTRYPOINT ["second"]', 'CMD third', 'CMD ["fourth"]')
  },
  'MAINTAINER and lower case': (build) => {
    build.steps.push('maintainer someone <someone@example.org>', 'env lower=case', 'Run echo case >/case')
  },
  'comments and continuations': (build) => {
    build.steps.push(
      '# a comment',
      '  # an indented one',
      'RUN echo one \\',
      '# between',
      '\\',
      '  two >/continued',
      '',
    )
  },
  'FROM scratch': (build) => {
    const program = findProgram('busybox')
    if (program === undefined) throw new Error('this machine has no busybox')
    build.addFile('busybox', { content: readFileSync(program), mode: 0o755 })
    build.stages.push('FROM scratch AS built-from-scratch', 'COPY busybox /bin/sh', 'RUN echo scratch >/scratch')
    build.steps.push('COPY --from=built-from-scratch /scratch /from-scratch')
  },
}

/** Parts that can be combined. */
export const combinedParts: Readonly<Record<string, BuildPart>> = { ...copyParts, ...runParts, ...configParts }

/** Parts that change the last stage. A build has at most one, after its other parts. */
export const stageParts: Readonly<Record<string, BuildPart>> = {
  'a stage of a stage': (build) => {
    const stage = build.createName('below')
    build.stages.push(`FROM ${build.image} AS ${stage}`, 'ENV INHERITED=yes', 'WORKDIR /inherited', 'LABEL of=below')
    build.base = stage
  },
  'ONBUILD of a stage': (build) => {
    const stage = build.createName('triggers')
    const file = build.addFile(build.createName('file'))
    build.stages.push(`FROM ${build.image} AS ${stage}`, `ONBUILD COPY ${file} /triggered`, 'ONBUILD ENV TRIGGERED=1')
    build.base = stage
  },
  'stages that are not built': (build) => {
    build.stages.push(`FROM ${build.image} AS ${build.createName('unused')}`, 'RUN exit 1')
    build.unusedStages.push(`FROM ${build.image} AS after`, 'RUN exit 2')
    build.target = 'last'
  },
  'a base from an ARG': (build) => {
    build.opening.push(`ARG image=${build.image}`, 'ARG suffix')
    build.base = `\${image}\${suffix:+-}$suffix`
  },
  'a platform in FROM': (build) => {
    build.base = `--platform=$BUILDPLATFORM ${build.base}`
    build.steps.push('ARG TARGETOS TARGETARCH', 'RUN echo $TARGETOS/$TARGETARCH >/platform')
  },
  'USER in several forms': (build) => {
    build.steps.push(`USER ${build.dice.pick(['capstan', '1000', '1000:1000', 'capstan:capstan', '4242'])}`)
  },
  'a Dockerfile with another name': (build) => {
    build.dockerfile = 'build files/My.Dockerfile'
    build.addFile('other')
    build.addFile('build files/My.Dockerfile.dockerignore', { content: 'other\n' })
    build.steps.push('COPY . /everything')
  },
  'a last stage from scratch': (build) => {
    const stage = build.createName('made')
    build.stages.push(`FROM ${build.image} AS ${stage}`, ...build.steps.splice(0))
    build.base = 'scratch'
    build.steps.push(`COPY --from=${stage} /etc /etc`, 'ENTRYPOINT ["/program"]')
  },
}

/** Parts that exclude all others. */
export const soleParts: Readonly<Record<string, BuildPart>> = {
  'exceptions of .dockerignore': (build) => {
    for (const path of ['keep/a', 'keep/b/c', 'drop/d']) build.addFile(path)
    build.ignored.push('*', '!keep/**', '!Dockerfile')
    build.steps.push('COPY keep* /only/')
  },
  'an image without instructions': () => {},
  'a directive of the escape character': (build) => {
    build.opening.unshift('# escape=`')
    build.steps.push('RUN echo "a\\b" `', '  c >/escaped')
  },
}

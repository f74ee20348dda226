import { readFileSync } from 'node:fs'
import { findProgram } from '../../../../tools/engine/engine-packages.mjs'

/** A build whose answers a fake daemon and a real one must share. */
export interface BuildCase {
  readonly title: string
  /** The context, with the Dockerfile. Each recording adds a file `stamp` with new text, and replaces `{stamp}` in texts, so that nothing is in the cache. */
  readonly files: Readonly<Record<string, string | Uint8Array>>
  /** The attributes of the frontend. */
  readonly attributes?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly exporter?: { readonly type: string; readonly attributes: Readonly<Record<string, string>> }
  /** Whether the same build has run before. */
  readonly isRepeated?: boolean
}

/** The label of the images that the cases store. */
export const answerLabel = 'capstan.test.build-answers'

/** Lists the cases. Those with RUN need busybox on this machine. */
export function listBuildCases(): readonly BuildCase[] {
  const program = findProgram('busybox')
  if (program === undefined) throw new Error('this machine has no busybox, which the builds need')
  const busybox = readFileSync(program)
  const withShell = (...lines: readonly string[]) => ({ Dockerfile: [...shell, ...lines, ''].join('\n'), busybox })
  const moby = { type: 'moby', attributes: { name: imageName } }
  const multiStage = { files: withShell(...stages), secrets: { tok: 'hunter22' } }
  return [
    { title: 'several stages', ...multiStage, exporter: moby },
    { title: 'several stages in the cache', ...multiStage, exporter: moby, isRepeated: true },
    { title: 'one stage of several', ...multiStage, attributes: { target: 'base' } },
    { title: 'an archive of files', files: toFiles('COPY . /'), exporter: { type: 'tar', attributes: {} } },
    { title: 'no output', files: toFiles('COPY a b/ /', 'COPY --chmod=600 *.txt /texts/') },
    { title: 'an ignore file', files: { ...toFiles('COPY . /'), '.dockerignore': '# comment\n*.txt\n!c.txt\n' } },
    { title: 'arguments and variables', files: withShell(...variables), attributes: { 'build-arg:one': 'given' } },
    // With another source, the order of the two would be by chance.
    { title: 'an inline document', files: toPlain('COPY <<inline /', '{stamp}', 'inline') },
    { title: 'a warning', files: toFiles('ENV old form', 'COPY a /') },
    { title: 'a RUN that fails', files: withShell('RUN echo before; echo error >&2; exit 9') },
    { title: 'a RUN in exec form that fails', files: withShell('RUN ["/bin/sh", "-c", "exit 7"]') },
    { title: 'a RUN over several lines that fails', files: withShell('RUN echo one && \\', '  exit 3') },
    { title: 'an unknown instruction', files: toFiles('FLY away') },
    { title: 'an empty Dockerfile', files: { Dockerfile: '' } },
    { title: 'a missing Dockerfile', files: { a: '' } },
    { title: 'a missing Dockerfile with another name', files: toFiles(), attributes: { filename: 'other/Nope' } },
    { title: 'a missing target', files: toFiles(), attributes: { target: 'nope' } },
    { title: 'a missing file', files: toPlain('COPY nope /') },
    { title: 'a missing secret', files: withShell(`RUN ${toSecret('required=true')} true`) },
    { title: 'an SSH agent that is not forwarded', files: withShell('RUN --mount=type=ssh,required=true true') },
    { title: 'a base that cannot be reached', files: { Dockerfile: 'FROM nowhere.invalid/a/b:3\nRUN true\n' } },
    ...['docker', 'oci', 'image', 'nope'].map((type) => ({
      title: `the exporter ${type}`,
      files: toFiles(),
      exporter: { type, attributes: type === 'oci' ? {} : { name: imageName } },
    })),
  ]
}

function toFiles(...lines: readonly string[]) {
  const Dockerfile = ['FROM scratch', 'COPY stamp /', ...lines, ''].join('\n')
  return { Dockerfile, a: 'in a', 'b/c': 'in c', 'b.txt': 'b', 'c.txt': 'c' }
}

function toPlain(...lines: readonly string[]) {
  return { Dockerfile: ['FROM scratch', ...lines, ''].join('\n') }
}

function toSecret(field: string): string {
  return `--mount=type=secret,id=tok,${field}`
}

const shell = ['FROM scratch AS base', 'COPY stamp /', 'COPY --chmod=755 busybox /bin/sh']
const stages = [
  'FROM base AS work',
  'RUN echo line; echo error >&2; echo 1 >/n',
  'FROM base',
  'COPY --from=work /n /n',
  `RUN ${toSecret('required=true')} test -f /run/secrets/tok`,
]
const variables = ['ARG one=default', 'ENV two=2 four=4', 'RUN echo $one $two-$four $three']
const imageName = 'capstan-test-build-answers:1'

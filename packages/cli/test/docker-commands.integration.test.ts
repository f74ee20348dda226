import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dockerPlugin } from '@capstan/runtime-docker'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWithEngine, isPodman } from '../../../test/support/test-engine.js'
import { runCapstan } from './support/run-capstan.js'

/**
 * A command line that docker and capstan run alike. `@name` is replaced by a name of its own for each of the two, IMAGE by the
 * test image. The lines are run in order.
 */
interface Line {
  /** Without the name of the program. Quotes are those of a shell. */
  readonly line: string
  readonly stdin?: string
  /** The exit code of both. Default 0. */
  readonly exitCode?: number
  /** The exit codes of docker, which depend on its version or differ from that of capstan. Default: `exitCode`. */
  readonly dockerExitCodes?: readonly number[]
  /** How the outputs on stdout compare. Default: equal except for ids and names. `any`: they differ as the document says. */
  readonly output?: 'equal' | 'any'
  /** A command line of docker after the line, whose output is the same for both. */
  readonly effect?: string
  /** The file that the line writes, whose content is the same for both. */
  readonly file?: string
}

/** The failure of a command itself: docker exits with 1, capstan with 125. */
const failure = { exitCode: 125, dockerExitCodes: [1] } as const
const state = (name: string) => `inspect ${name} --format '{{.State.Status}}'`
const networks = (name: string) =>
  `inspect ${name} --format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}'`

const lines: readonly Line[] = [
  // Running a command
  { line: "run --rm IMAGE echo 'it works'" },
  { line: "run --rm IMAGE sh -c 'exit 7'", exitCode: 7 },
  { line: 'run --rm IMAGE no-such-command', exitCode: 127 },
  { line: 'run --rm IMAGE /etc/passwd', exitCode: 126 },
  { line: 'run --rm -i IMAGE wc -c', stdin: 'hello' },
  { line: "run --rm -e A=1 -e B -e NONE IMAGE sh -c 'echo $A $B $NONE'" },
  { line: "run --rm --env-file variables IMAGE sh -c 'echo $C $D'" },
  { line: 'run --rm -w /tmp IMAGE pwd' },
  { line: 'run --rm -u 1000:1000 --group-add 20 IMAGE id -G' },
  { line: 'run --rm --hostname box IMAGE hostname' },
  { line: 'run --rm --entrypoint echo IMAGE hi' },
  { line: 'run --rm --read-only IMAGE touch /file', exitCode: 1 },
  { line: "run --rm --tmpfs /scratch IMAGE sh -c 'touch /scratch/a && ls /scratch'" },
  { line: 'run --rm -v ./data:/data:ro IMAGE cat /data/file' },
  { line: 'run --rm --network none IMAGE ls /sys/class/net' },
  { line: 'run --rm --add-host one:192.0.2.1 IMAGE grep one /etc/hosts' },
  { line: 'run --rm --cap-drop ALL IMAGE chown 1:1 /tmp', exitCode: 1 },
  {
    line: 'run -d --name @limited --memory 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=100:200 IMAGE sleep 1000',
    effect: `inspect @limited --format '{{with .HostConfig}}{{.Memory}} {{.NanoCpus}} {{.PidsLimit}} {{json .Ulimits}}{{end}}'`,
  },
  {
    line: 'run -d --name @web --label tier=@front -p 127.0.0.1::80 IMAGE httpd -f -p 80 -h /etc',
    effect: `inspect @web --format '{{.State.Status}} {{json .HostConfig.PortBindings}} {{json .Config.Cmd}}'`,
  },
  {
    line: 'run -d --name @kept --restart on-failure:2 --shm-size 32m --health-cmd true --health-interval 5s --expose 81 --log-driver local IMAGE sleep 1000',
    effect:
      "inspect @kept --format '{{with .HostConfig}}{{json .RestartPolicy}} {{.ShmSize}} {{.LogConfig.Type}}{{end}} {{with .Config}}{{.Healthcheck.Test}} {{.Healthcheck.Interval}} {{json .ExposedPorts}}{{end}}'",
  },
  { line: 'run -d --name @web IMAGE true', exitCode: 125 },
  { line: 'create --name @created IMAGE echo created', effect: state('@created') },
  { line: 'start -a @created' },
  { line: 'rm @created' },
  { line: "run --name @ended IMAGE sh -c 'echo one; echo two; echo three; exit 3'", exitCode: 3 },
  // Looking at containers
  { line: "ps --filter label=tier=@front --format '{{.Names}} {{.State}} {{.Image}}'" },
  { line: 'ps -q=true --no-trunc=true --filter name=@web' },
  { line: "ps -a --filter name=@ended --filter status=exited --format '{{.Names}}\\t{{.Command}}'" },
  { line: "inspect -f '{{.State.Status}} {{.State.Running}} {{.Config.Image}} {{json .Args}}' @web" },
  { line: "inspect -f '{{.State.ExitCode}} {{.Name}} {{.Image}}' @ended @web" },
  { line: 'inspect @missing', ...failure, output: 'any' },
  { line: 'port @web 80', output: 'any' },
  { line: 'port @web 81', ...failure },
  { line: 'top @web', output: 'any' },
  { line: "stats --no-stream --format '{{.Name}}' @web" },
  { line: "events --since 1h --until 0s --filter container=@ended --filter event=die --format '{{.Action}}'" },
  { line: 'logs @ended' },
  { line: 'logs --tail 1 @ended' },
  { line: 'logs @missing', ...failure },
  // Running commands in containers
  { line: "exec @web sh -c 'echo inside; exit 4'", exitCode: 4 },
  { line: "exec -e X=5 -w /tmp -u 1000 @web sh -c 'echo $X; pwd; id -u'" },
  { line: 'exec -i @web cat', stdin: 'hello' },
  { line: 'exec @web no-such-command', exitCode: 127, dockerExitCodes: [126, 127], output: 'any' },
  { line: 'exec @missing true', ...failure },
  // Files
  { line: 'cp data/file @web:/tmp/file', effect: 'exec @web cat /tmp/file' },
  { line: 'cp @web:/etc/passwd out', file: 'out' },
  { line: 'cp @web:/tmp/missing out', ...failure },
  // Networks and volumes
  {
    line: 'network create --internal --label tier=front @net',
    effect: "network inspect @net --format '{{.Internal}} {{.Labels.tier}} {{.Driver}}'",
  },
  { line: 'network create @net', ...failure },
  { line: "network ls --filter name=@net --format '{{.Name}} {{.Internal}}'" },
  { line: 'network connect --alias other @net @web', effect: networks('@web') },
  { line: "network inspect -f '{{.Name}} {{.Internal}} {{len .Containers}}' @net" },
  { line: 'network rm @net', ...failure, output: 'any' },
  { line: 'network disconnect @net @web', effect: networks('@web') },
  { line: 'network rm @net', effect: 'network ls -q --filter name=@net' },
  { line: 'network inspect @net', ...failure, output: 'any' },
  { line: 'volume create --label tier=front @data', effect: "volume inspect @data --format '{{.Labels.tier}}'" },
  { line: 'volume ls -q --filter name=@data' },
  { line: "run --rm -v @data:/data IMAGE sh -c 'echo kept > /data/file'" },
  { line: 'run --rm=true -v=@data:/data:ro IMAGE cat /data/file' },
  { line: "volume inspect -f '{{.Name}} {{.Labels.tier}}' @data" },
  { line: 'volume rm @data', effect: 'volume ls -q --filter name=@data' },
  { line: 'volume inspect @data', ...failure, output: 'any' },
  // The end of containers
  { line: 'pause @web', effect: state('@web') },
  { line: 'unpause @web', effect: state('@web') },
  { line: 'rename @web @server', effect: state('@server') },
  { line: 'rename @server @web', effect: state('@web') },
  { line: 'update --memory 48m @limited', effect: "inspect @limited --format '{{.HostConfig.Memory}}'" },
  { line: 'restart -t 1 @web', effect: state('@web') },
  { line: 'kill -s KILL @limited', effect: state('@limited') },
  { line: 'kill @limited', ...failure },
  { line: 'wait @ended @limited' },
  { line: 'start @limited', effect: state('@limited') },
  { line: 'start -a @ended', exitCode: 3 },
  { line: 'stop -t 1 @web', effect: state('@web') },
  { line: 'rm @limited', ...failure, effect: state('@limited') },
  {
    line: 'rm -f @limited @ended @kept',
    effect: "ps -a --filter name=@limited --filter name=@ended --format '{{.Names}}'",
  },
  { line: 'rm @missing', ...failure },
  // Images
  {
    line: 'build -q -t @built:1 --build-arg WORD=given --label tier=front context',
    output: 'any',
    effect: "image inspect @built:1 --format '{{json .Config.Cmd}} {{json .Config.Env}} {{.Config.Labels.tier}}'",
  },
  { line: 'run --rm @built:1' },
  { line: 'build -t @built:2 -f context/Failing context', exitCode: 1, output: 'any' },
  { line: `commit -p -m kept -c 'CMD ["cat", "/tmp/file"]' @web @kept:1`, effect: 'run --rm @kept:1' },
  { line: 'tag @kept:1 @kept:2', effect: "images --format '{{.Tag}}' @kept" },
  { line: "images --format '{{.Repository}}:{{.Tag}}' @kept" },
  { line: 'images -q --no-trunc @kept:1' },
  { line: "history -H --format '{{.Comment}}' @kept:1" },
  { line: 'save -o kept.tar @kept:1 @kept:2' },
  { line: 'rmi @kept:1 @kept:2', output: 'any', effect: 'images -q @kept' },
  { line: 'load -i kept.tar', effect: "images --format '{{.Tag}}' @kept" },
  { line: 'rmi @missing', ...failure },
  { line: 'tag @missing @kept:3', ...failure },
  { line: 'push 127.0.0.1:1/@kept:1', ...failure, output: 'any' },
  { line: 'pull 127.0.0.1:1/none:1', ...failure },
]

describeWithEngine('everyday command lines of docker, run by docker and by capstan', ({ socketPath, image }) => {
  const problem = isPodman ? 'the engine is Podman' : spawnSync('docker', ['--version']).error?.message
  if (problem !== undefined) console.warn(`The comparison with docker is skipped: ${problem}`)
  describe.skipIf(problem !== undefined)('have the same exit code and effect', () => {
    const run = `capstan-lines-${process.pid}`
    const environment = { DOCKER_HOST: `unix://${socketPath}`, DOCKER_BUILDKIT: '0', B: '2', DOCKER_CLI_HINTS: 'false' }
    let folder: string
    let results: Readonly<Record<'docker' | 'capstan', readonly Outcome[]>>

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'capstan-lines-'))
      const [docker, capstan] = await Promise.all([runAll('docker'), runAll('capstan')])
      results = { docker, capstan }
    }, 600_000)

    afterAll(async () => {
      await remove(['ps', '-aq', '--filter', `name=${run}`], ['rm', '-fv'])
      await remove(['images', '--format', '{{.Repository}}:{{.Tag}}', `${run}-*`], ['rmi', '-f'])
      await remove(['network', 'ls', '-q', '--filter', `name=${run}`], ['network', 'rm'])
      await remove(['volume', 'ls', '-q', '--filter', `name=${run}`], ['volume', 'rm'])
      await rm(folder, { recursive: true })
    }, 120_000)

    it.each(lines.map((line, index) => ({ ...line, index })))(
      '$line',
      ({ index, exitCode = 0, dockerExitCodes = [exitCode], output = 'equal' }) => {
        const [docker, capstan] = [results.docker[index], results.capstan[index]]
        expect(dockerExitCodes, docker?.stderr).toContain(docker?.exitCode)
        expect(capstan).toMatchObject({ exitCode })
        expect(capstan?.effect).toBe(docker?.effect)
        expect(capstan?.file).toBe(docker?.file)
        if (output === 'equal') expect(capstan?.stdout).toBe(docker?.stdout)
      },
    )

    /** Removes the objects that a command line of docker lists. */
    async function remove(list: readonly string[], command: readonly string[]): Promise<void> {
      const listed = (await docker(list)).stdout.split('\n').filter((word) => word !== '')
      if (listed.length > 0) await docker([...command, ...listed])
    }

    type Program = 'docker' | 'capstan'

    interface Outcome {
      readonly exitCode: number | undefined
      readonly stdout: string
      readonly stderr: string
      readonly effect: string | undefined
      readonly file: string | undefined
    }

    /** Runs all lines by one of the programs, in a folder of its own. */
    async function runAll(program: Program): Promise<readonly Outcome[]> {
      const cwd = join(folder, program)
      await writeFiles(cwd)
      const outcomes: Outcome[] = []
      for (const { line, stdin = '', effect, file } of lines) {
        const argv = toArgv(line, program)
        const ended = program === 'docker' ? await docker(argv, { cwd, stdin }) : await capstan(argv, { cwd, stdin })
        const seen =
          effect === undefined ? undefined : (await docker(toArgv(effect, program), { cwd, stdin: '' })).stdout
        const path = join(cwd, file ?? '')
        const content = file !== undefined && existsSync(path) ? await readFile(path, 'utf8') : undefined
        outcomes.push({
          exitCode: ended.exitCode,
          stdout: normalize(ended.stdout, program),
          stderr: ended.stderr,
          effect: seen === undefined ? undefined : normalize(seen, program),
          file: content,
        })
      }
      return outcomes
    }

    async function docker(argv: readonly string[], { cwd = folder, stdin = '' } = {}) {
      const env = { ...environment, DOCKER_CONFIG: folder }
      const { exitCode, stdout, stderr } = await execa('docker', argv, { cwd, env, input: stdin, reject: false })
      return { exitCode, stdout, stderr }
    }

    async function capstan(argv: readonly string[], { cwd, stdin }: { readonly cwd: string; readonly stdin: string }) {
      const env = { PATH: process.env.PATH, HOME: folder, ...environment, CAPSTAN_RUNTIME: 'docker' }
      return await runCapstan(argv, { env, cwd, stdin, plugins: [dockerPlugin()] })
    }

    /** Splits a line at spaces outside of quotes, and replaces the names. */
    function toArgv(line: string, program: Program): readonly string[] {
      const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []
      return words
        .map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
        .map((word) => word.replaceAll(/@(?=[a-z])/g, toPrefix(program)).replaceAll(/\bIMAGE\b/g, image))
    }

    function toPrefix(program: Program): string {
      return `${run}-${program}-`
    }

    function normalize(text: string, program: Program): string {
      return text
        .replaceAll(toPrefix(program), '@')
        .replaceAll(/\b(?:sha256:)?[0-9a-f]{64}\b/g, 'ID')
        .replaceAll(/\b[0-9a-f]{12}\b/g, 'SHORT-ID')
        .replaceAll('\r', '')
        .trimEnd()
    }

    async function writeFiles(cwd: string): Promise<void> {
      await mkdir(join(cwd, 'context'), { recursive: true })
      await mkdir(join(cwd, 'data'))
      await writeFile(join(cwd, 'variables'), '# a comment\nC=3\nD=4 5\n')
      await writeFile(join(cwd, 'data', 'file'), 'content\n')
      await writeFile(join(cwd, 'context', 'file'), 'of the context\n')
      const dockerfile = `FROM ${image}\nARG WORD=none\nENV WORD=$WORD\nCOPY file /file\nCMD ["cat", "/file"]\n`
      await writeFile(join(cwd, 'context', 'Dockerfile'), dockerfile)
      await writeFile(join(cwd, 'context', 'Failing'), `FROM ${image}\nCOPY missing /\n`)
    }
  })
})

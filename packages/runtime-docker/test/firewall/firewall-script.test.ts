import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { findDifference, isSealed, parseFirewallAnswer } from '../../src/firewall/firewall-answer.js'
import type { FirewallPlan } from '../../src/firewall/firewall-plan.js'
import { toFirewallScript, toSealScript } from '../../src/firewall/firewall-script.js'

const plan: FirewallPlan = {
  destinations: [
    { address: '172.18.0.2', port: 3128 },
    { address: 'fd00::2', port: 3128 },
  ],
  dns: 'none',
  witness: '172.18.0.1',
}

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-firewall-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'bin'))
})

/** A program of the script's world: the log says in which order they were called. */
async function writeProgram(name: string, script: string): Promise<void> {
  const path = join(directory, 'bin', name)
  await writeFile(path, `#!/bin/sh\nexport PATH=/usr/bin:/bin\necho "${name} $*" >> ${directory}/log\n${script}\n`)
  await chmod(path, 0o755)
}

/** An iptables that keeps policies and rules in a file, and fails where it is told to. */
async function writeTool(name: string, failsAt = 'nothing'): Promise<void> {
  await writeFile(join(directory, name), '-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n')
  await writeProgram(
    name,
    `[ "$1 $2" = "-w 5" ] || exit 64
shift 2
case "$*" in *"${failsAt}"*) echo "refused by the kernel"; exit 1;; esac
state=${directory}/${name}
action=$1; chain=$2; [ $# -gt 1 ] && shift 2 || shift
case $action in
  -S) if [ -n "$chain" ]; then grep -e "-[PA] $chain" $state; else cat $state; fi; exit 0;;
  -P) sed -i "s/^-P $chain .*/-P $chain $1/" $state;;
  -F) sed -i "/^-A $chain /d" $state;;
  -A) echo "-A $chain $*" >> $state;;
  -I) { grep -e ^-P $state; echo "-A $chain $*"; grep -e ^-A $state; } > $state.new; mv $state.new $state;;
  -C) grep -qxF -e "-A $chain $*" $state;;
  -D) grep -vxF -e "-A $chain $*" $state > $state.new; mv $state.new $state;;
esac`,
  )
}

function run(script: string): Promise<{ readonly exitCode: number; readonly output: string }> {
  // The script chooses its own PATH; the programs of this test come before it.
  const own = script
    .replace(/^PATH=.*$/m, `PATH=${directory}/bin:/usr/bin:/bin`)
    .replaceAll('/proc/net/if_inet6', `${directory}/if_inet6`)
    .replace(/^mkdir -p \/run.*$/m, '')
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', own], (error, stdout) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, output: stdout })
    })
  })
}

async function readLog(): Promise<readonly string[]> {
  return (await readFile(join(directory, 'log'), 'utf8')).trim().split('\n')
}

test('shuts both families before it changes anything else, then reads back what was asked for', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await writeProgram('ping', 'exit 1')
  const { exitCode, output } = await run(toFirewallScript(plan))
  const answer = parseFirewallAnswer(output)
  expect({ exitCode, difference: findDifference(answer, plan), trial: answer.trial }).toEqual({
    exitCode: 0,
    difference: undefined,
    trial: 'held',
  })
  const changes = (await readLog()).filter((line) => !/ -[SC]( |$)/.test(line))
  expect(changes.slice(0, 4)).toEqual([
    'iptables -w 5 -P OUTPUT DROP',
    'ip6tables -w 5 -P OUTPUT DROP',
    'iptables -w 5 -P FORWARD DROP',
    'ip6tables -w 5 -P FORWARD DROP',
  ])
})

test('sets the same rules again over those of before', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await run(toFirewallScript(plan))
  const { output } = await run(toFirewallScript(plan))
  expect(findDifference(parseFirewallAnswer(output), plan)).toBeUndefined()
})

test('X11 stops at the first rule that fails, and stays shut', async () => {
  await writeTool('iptables', '--dport 3128')
  await writeTool('ip6tables')
  const { exitCode, output } = await run(toFirewallScript(plan))
  const answer = parseFirewallAnswer(output)
  expect(exitCode).toBe(4)
  expect(answer.failure).toMatch(/^iptables -A OUTPUT -d 172\.18\.0\.2\/32 .* -j ACCEPT: refused by the kernel$/)
  expect(findDifference(answer, plan)).toMatch(/were not read back/)
  expect(await readFile(join(directory, 'iptables'), 'utf8')).toContain('-P OUTPUT DROP')
})

test('X11 without a tool nothing is changed', async () => {
  const { exitCode, output } = await run(toFirewallScript(plan))
  expect(exitCode).toBe(3)
  expect(parseFirewallAnswer(output)).toMatchObject({ missingTool: 'iptables', hasBegun: false })
})

test('X11 takes the tool that works, not the one that is there', async () => {
  await writeProgram('iptables', 'exit 4')
  await writeTool('iptables-legacy')
  await writeTool('ip6tables')
  const { output } = await run(toFirewallScript(plan))
  expect(findDifference(parseFirewallAnswer(output), plan)).toBeUndefined()
})

test('X11 IPv6 may be left out only where it is proved absent', async () => {
  await writeTool('iptables')
  await writeFile(join(directory, 'if_inet6'), '')
  const absent = parseFirewallAnswer((await run(toFirewallScript(plan))).output)
  expect(absent.hasIpv6).toBe(false)
  expect(findDifference(absent, plan)).toBeUndefined()
  await writeFile(join(directory, 'if_inet6'), 'fe80000000000000 eth0\n')
  const present = parseFirewallAnswer((await run(toFirewallScript(plan))).output)
  expect(present).toMatchObject({ missingTool: 'ip6tables', hasBegun: false })
})

test('a packet that gets out is told', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await writeProgram('ping', 'exit 0')
  expect(parseFirewallAnswer((await run(toFirewallScript(plan))).output).trial).toBe('escaped')
})

test('the seal leaves nothing but the loopback, and proves it', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await run(toFirewallScript(plan))
  expect(isSealed(parseFirewallAnswer((await run(toSealScript())).output))).toBe(true)
  await writeTool('ip6tables', '-F OUTPUT')
  expect(isSealed(parseFirewallAnswer((await run(toSealScript())).output))).toBe(false)
})

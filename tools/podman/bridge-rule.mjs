import { delimiter } from 'node:path'
import { engineFiles } from '../engine/engine-files.mjs'
import { programPath } from '../engine/engine-packages.mjs'
import { runProgram } from '../run-program.mjs'

/**
 * Lets containers of one network of Podman reach each other where a Docker Engine filters what the machine forwards: its
 * policy is to drop, also between the ports of one bridge, and of an internal network Podman tells the filter nothing.
 */
export async function addBridgeRule() {
  if (!(await filters(['--list-rules', chain]))) return
  if (!(await filters(['--check', chain, ...rule]))) await filters(['--insert', chain, ...rule])
}

/** Takes back what {@link addBridgeRule} added. */
export async function removeBridgeRule() {
  while (await filters(['--delete', chain, ...rule]));
}

/**
 * Runs the iptables that the engine has, which `tools/engine` chose.
 *
 * @param {readonly string[]} args
 */
async function filters(args) {
  const env = { ...process.env, PATH: [engineFiles.programs, programPath].join(delimiter) }
  const { code } = await runProgram('iptables', ['--wait', '5', ...args], { env })
  return code === 0
}

/** Docker keeps its hands off it: https://docs.docker.com/engine/network/packet-filtering-firewalls/ */
const chain = 'DOCKER-USER'
const rule = [
  ...['--in-interface', 'podman+', '--match', 'physdev', '--physdev-is-bridged'],
  ...['--match', 'comment', '--comment', 'capstan-podman', '--jump', 'ACCEPT'],
]

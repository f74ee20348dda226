import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runProgram } from '../run-program.mjs'
import { engineFiles } from './engine-files.mjs'
import { findProgram, programPath } from './engine-packages.mjs'

/**
 * Returns the PATH with which dockerd finds an iptables that works on this kernel: that of the machine, or links to the
 * legacy programs when the kernel supports only the older interface. The configuration of the machine is not changed.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 */
export async function chooseIptables(say) {
  if (await works('iptables')) return programPath
  if (!(await works('iptables-legacy'))) return programPath
  say('iptables does not work on this kernel: dockerd gets iptables-legacy')
  rmSync(engineFiles.programs, { recursive: true, force: true })
  mkdirSync(engineFiles.programs)
  for (const name of ['iptables', 'ip6tables']) {
    symlinkSync(findProgram(`${name}-legacy`) ?? '', join(engineFiles.programs, name))
  }
  return `${engineFiles.programs}${delimiter}${programPath}`
}

/** @param {string} name */
async function works(name) {
  const program = findProgram(name)
  return program !== undefined && (await runProgram(program, ['-t', 'nat', '-n', '-L'])).code === 0
}

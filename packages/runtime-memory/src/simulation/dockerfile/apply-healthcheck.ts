import type { Healthcheck } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import { createBuildError } from './build-error.js'
import type { InstructionCall } from './build-stage.js'
import type { DockerfileInstruction } from './dockerfile-instruction.js'

/** Applies `HEALTHCHECK [FLAGS] CMD …` or `HEALTHCHECK NONE`. https://docs.docker.com/reference/dockerfile/#healthcheck */
export function applyHealthcheck({ stage, instruction }: InstructionCall): void {
  stage.config = { ...stage.config, healthcheck: parseHealthcheck(instruction) }
}

function parseHealthcheck(instruction: DockerfileInstruction): Healthcheck {
  const [, type = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(instruction.text.trim()) ?? []
  if (type.toUpperCase() === 'NONE' && rest === '') return 'none'
  if (type.toUpperCase() !== 'CMD' || rest === '')
    throw createBuildError(instruction, 'expected CMD and a command, or NONE')
  const { flags } = instruction
  const retries = Number(flags.get('retries') ?? 0)
  if (!Number.isInteger(retries) || retries < 0) throw createBuildError(instruction, '--retries must be a whole number')
  const durations = [
    ['intervalMs', 'interval'],
    ['timeoutMs', 'timeout'],
    ['startPeriodMs', 'start-period'],
  ] as const
  const limits = durations.flatMap(([field, flag]) => {
    const given = flags.get(flag)
    const milliseconds = given === undefined ? 0 : toMilliseconds(instruction, given)
    return milliseconds === 0 ? [] : [[field, milliseconds] as const]
  })
  return { command: toCommand(rest), ...Object.fromEntries(limits), ...(retries > 0 && { retries }) }
}

/** A JSON array of strings is a command line; any other text is for the shell. */
function toCommand(text: string): Argv | string {
  try {
    const words: unknown = JSON.parse(text)
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words
  } catch {
    // not JSON
  }
  return text
}

/** Parses a duration such as `1m30s` or `500ms`. */
function toMilliseconds(instruction: DockerfileInstruction, text: string): number {
  if (!/^(\d+(\.\d+)?(ms|[hms]))+$/.test(text)) throw createBuildError(instruction, `"${text}" is not a duration`)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)]
  return Math.round(parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitMs.get(unit) ?? 0), 0))
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])

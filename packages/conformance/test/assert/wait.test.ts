import { describe, expect, it } from 'vitest'
import { eventually, within, withWaitFactor } from '../../src/assert/wait.js'

const never = new Promise<never>(() => undefined)

describe('the time limits within a case', () => {
  it('are unchanged by default', async () => {
    await expect(within(5, 'an answer', never)).rejects.toThrow('an answer within 5 ms')
    await expect(eventually('an end', () => undefined, { timeoutMs: 5 })).rejects.toThrow('an end within 5 ms')
  })

  it('are multiplied by the timeout factor, also after an await', async () => {
    const work = async () => {
      await Promise.resolve()
      await within(5, 'an answer', never)
    }
    await expect(withWaitFactor(3, work)).rejects.toThrow('an answer within 15 ms')
    const end = () => eventually('an end', () => undefined, { timeoutMs: 5 })
    await expect(withWaitFactor(3, end)).rejects.toThrow('an end within 15 ms')
  })
})

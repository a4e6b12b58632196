/** Why a running handler should stop. */
export type StopReason = 'cancelled' | 'timeout' | 'interrupted';

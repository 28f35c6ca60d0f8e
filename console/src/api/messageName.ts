/** Whether a text names one message and no topic: an id holds a +, a place in the log ends with two numbers. */
export const namesMessage = (text: string): boolean => text.includes("+") || /^[^/:]+:\d+:\d+$/.test(text);

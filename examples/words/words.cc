// Counts the words of standard input: the most frequent ones, the longest, and how long words are.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Entry {
	std::string word;
	std::size_t count;
};

// What is computed over the words; each statistic prints itself.
class Statistic {
public:
	virtual ~Statistic() = default;
	virtual void add(const Entry &entry) = 0;
	virtual void print() const = 0;
};

class Frequent : public Statistic {
public:
	explicit Frequent(std::size_t n) : n_(n) {}
	void add(const Entry &entry) override { entries_.push_back(entry); }
	void print() const override
	{
		std::vector<Entry> sorted = entries_;
		std::sort(sorted.begin(), sorted.end(), [](const Entry &a, const Entry &b) {
			return a.count != b.count ? a.count > b.count : a.word < b.word;
		});
		sorted.resize(std::min(n_, sorted.size()));
		for (const Entry &entry : sorted)
			std::printf("%6zu %s\n", entry.count, entry.word.c_str());
	}

private:
	std::size_t n_;
	std::vector<Entry> entries_;
};

class Lengths : public Statistic {
public:
	void add(const Entry &entry) override
	{
		counts_[entry.word.size()] += entry.count;
		if (entry.word.size() > longest_.size() ||
		    (entry.word.size() == longest_.size() && entry.word < longest_))
			longest_ = entry.word;
	}
	void print() const override
	{
		for (const auto &[length, count] : counts_)
			std::printf("length %2zu: %zu\n", length, count);
		std::printf("longest: %s\n", longest_.c_str());
	}

private:
	std::map<std::size_t, std::size_t> counts_;
	std::string longest_;
};

std::unordered_map<std::string, std::size_t> read_words(std::istream &in)
{
	std::unordered_map<std::string, std::size_t> words;
	std::string line;
	while (std::getline(in, line)) {
		std::string word;
		line.push_back(' ');
		for (unsigned char c : line) {
			if (std::isalpha(c)) {
				word.push_back(static_cast<char>(std::tolower(c)));
			} else if (!word.empty()) {
				words[word]++;
				word.clear();
			}
		}
	}
	return words;
}

} // namespace

int main()
{
	const auto words = read_words(std::cin);
	std::vector<std::unique_ptr<Statistic>> statistics;
	statistics.push_back(std::make_unique<Frequent>(5));
	statistics.push_back(std::make_unique<Lengths>());

	for (const auto &[word, count] : words)
		for (const auto &statistic : statistics)
			statistic->add({word, count});

	const std::size_t total = std::accumulate(
	    words.begin(), words.end(), std::size_t{0},
	    [](std::size_t sum, const auto &entry) { return sum + entry.second; });
	std::printf("%zu words, %zu different\n", total, words.size());
	for (const auto &statistic : statistics)
		statistic->print();
	return 0;
}
